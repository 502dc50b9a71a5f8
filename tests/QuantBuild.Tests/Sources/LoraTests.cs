using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Manifests.Binding;
using QuantBuild.Compiler.Planning;
using QuantBuild.Models.Wan;
using QuantBuild.SafeTensors;
using QuantBuild.Tests.Models.Wan;
using QuantBuild.Tests.Stages;

namespace QuantBuild.Tests.Sources;

public sealed class LoraTests : IDisposable
{
    private const int Rank = 3;
    private const string Layer = "blocks.0.ffn.0";

    private readonly string _folder = Directory.CreateTempSubdirectory("quantbuild-lora").FullName;

    /// <summary>Spellings of one layer's two factors: down, up, alpha.</summary>
    public static TheoryData<string, string, string> Spellings => new()
    {
        { "diffusion_model.blocks.0.ffn.0.lora_A.weight", "diffusion_model.blocks.0.ffn.0.lora_B.weight",
            "diffusion_model.blocks.0.ffn.0.alpha" },
        { "diffusion_model.blocks.0.ffn.0.lora_down.weight", "diffusion_model.blocks.0.ffn.0.lora_up.weight",
            "diffusion_model.blocks.0.ffn.0.alpha" },
        { "transformer.blocks.0.ffn.net.0.proj.lora_A.weight", "transformer.blocks.0.ffn.net.0.proj.lora_B.weight", "" },
        { "base_model.model.blocks.0.ffn.0.lora_A.default.weight", "base_model.model.blocks.0.ffn.0.lora_B.default.weight", "" },
        { "lora_unet_blocks_0_ffn_0.lora_down.weight", "lora_unet_blocks_0_ffn_0.lora_up.weight", "lora_unet_blocks_0_ffn_0.alpha" },
        { "lora_unet__blocks_0_ffn_net_0_proj.lora_down.weight", "lora_unet__blocks_0_ffn_net_0_proj.lora_up.weight", "" },
        { "blocks.0.ffn.0.lora_down.weight", "blocks.0.ffn.0.lora_up.weight", "blocks.0.ffn.0.alpha" },
    };

    [Theory]
    [MemberData(nameof(Spellings))]
    public void Every_spelling_merges_the_same_values(string down, string up, string alpha)
    {
        string file = Write("one.safetensors", Factors(down, up, alpha.Length > 0 ? [TensorData.Of(alpha, [], new float[] { 1.5f })] : []));
        using WanCheckpoint merged = Open(file, strength: 0.75);

        AssertMerged(merged, Layer + ".weight", factor: 0.75 * (alpha.Length > 0 ? 1.5 : Rank) / Rank);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Alpha_may_be_an_integer_without_dimensions_or_with_one(bool one)
    {
        TensorData alpha = TensorData.Of(Layer + ".alpha", DType.I64, one ? [1] : [], BitConverter.GetBytes(6L));
        using WanCheckpoint merged = Open(Write("one.safetensors", Factors(Layer + ".lora_A.weight", Layer + ".lora_B.weight", [alpha])),
            1);

        AssertMerged(merged, Layer + ".weight", factor: 2);
    }

    [Fact]
    public void Whole_differences_of_weights_biases_norms_and_modulations_are_added()
    {
        using WanCheckpoint original = Original();
        string[] targets = ["blocks.0.self_attn.norm_q.weight", "blocks.0.norm3.bias", "blocks.0.modulation", "patch_embedding.weight"];
        string[] keys = ["diffusion_model.blocks.0.self_attn.norm_q.diff", "diffusion_model.blocks.0.norm3.diff_b",
            "diffusion_model.blocks.0.diff_m", "diffusion_model.patch_embedding.diff"];
        string file = Write("diff.safetensors", targets.Zip(keys, (target, key) =>
            SourceFiles.Tensor(key, [.. original.Tensors[target].Shape], i => 0.01f * (i % 7))));

        using WanCheckpoint merged = Open(file, strength: 0.5);

        foreach (string target in targets)
        {
            float[] before = original.ReadFloat32(target), after = merged.ReadFloat32(target);
            for (int i = 0; i < before.Length; i++)
                Assert.Equal(before[i] + (0.5 * (double)(0.01f * (i % 7))), after[i], 1e-6);
        }
        Assert.Equal(original.ReadFloat32(Layer + ".weight"), merged.ReadFloat32(Layer + ".weight"));
    }

    [Fact]
    public void Files_are_added_in_their_order_and_any_part_can_be_read()
    {
        string first = Write("a.safetensors", Factors(Layer + ".lora_A.weight", Layer + ".lora_B.weight", []));
        string second = Write("b.safetensors", Factors(Layer + ".lora_A.weight", Layer + ".lora_B.weight", [], seed: 5));
        using WanCheckpoint merged = WanCheckpoint.Open(TestData.TinyWan("checkpoint", "high_noise_model"),
            [new(first, 1), new(second, -0.5)]);
        float[] whole = merged.ReadFloat32(Layer + ".weight");

        var part = new float[333];
        merged.ReadFloat32(Layer + ".weight", 1234, part);
        Assert.Equal(whole[1234..(1234 + 333)], part);
        var bytes = new byte[9];
        ((ITensorSource)merged).Read(Layer + ".weight", 4 * 50 + 2, bytes);
        Assert.Equal(System.Runtime.InteropServices.MemoryMarshal.AsBytes(whole.AsSpan()).Slice((4 * 50) + 2, 9).ToArray(), bytes);
    }

    [Fact]
    public void A_build_with_a_merged_file_equals_that_of_a_checkpoint_merged_beforehand_and_a_new_strength_runs_what_it_reaches()
    {
        string lora = Write("l.safetensors", Factors(Layer + ".lora_A.weight", Layer + ".lora_B.weight", []));
        using TinyProject project =
            new() { Loras = $$"""{ "file": {{System.Text.Json.JsonSerializer.Serialize(lora)}}, "experts": ["low_noise"] }""" };
        project.OutputSection = """ "keptDtype": "bf16" """;
        project.Build();
        IReadOnlyDictionary<string, string> merged = project.ArtifactDigests();

        using TinyProject beforehand = new();
        beforehand.OutputSection = project.OutputSection;
        beforehand.CopyCheckpoint();
        string file = Path.Combine(beforehand.Checkpoint, "low_noise_model", "diffusion_pytorch_model.safetensors");
        using (WanCheckpoint view = WanCheckpoint.Open(TestData.TinyWan("checkpoint", "low_noise_model"), [new(lora, 1)]))
        {
            foreach (string old in Directory.EnumerateFiles(Path.GetDirectoryName(file)!, "*.safetensors*"))
                File.Delete(old);
            SafeTensorsWriter.Write(file, [.. view.Tensors.Keys.Select(name => TensorData.Copy(view, name))]);
        }
        beforehand.Build();
        Assert.All(merged.Keys.Where(path => path.EndsWith(".safetensors", StringComparison.Ordinal)),
            path => Assert.Equal(merged[path], beforehand.ArtifactDigests()[path]));

        Assert.Empty(project.Build().Ran);
        project.Loras = project.Loras.Replace("\"experts\"", "\"strength\": 0.5, \"experts\"", StringComparison.Ordinal);
        string[] ran = [.. project.Build().RanNames];
        // The samples run through both experts; of the other expert nothing else changes but what it sees.
        Assert.Contains(ran, name => name.StartsWith("Gptq low_noise blocks.0.ffn.0", StringComparison.Ordinal));
        Assert.DoesNotContain(ran, name => name.StartsWith("LowRank high_noise", StringComparison.Ordinal));
    }

    [Fact]
    public void Keys_that_match_no_layer_are_named()
    {
        string[] strangers = [.. Enumerable.Range(0, 7).Select(i => $"diffusion_model.blocks.{i + 90}.ffn.0.lora_A.weight")];
        string file = Write("strange.safetensors", Factors(Layer + ".lora_A.weight", Layer + ".lora_B.weight",
            [.. strangers.Select(name => SourceFiles.Tensor(name, [Rank, 8], _ => 1))]));

        Assert.EndsWith("7 of its keys match no layer: 'diffusion_model.blocks.90.ffn.0.lora_A.weight', "
            + "'diffusion_model.blocks.91.ffn.0.lora_A.weight', 'diffusion_model.blocks.92.ffn.0.lora_A.weight', "
            + "'diffusion_model.blocks.93.ffn.0.lora_A.weight', 'diffusion_model.blocks.94.ffn.0.lora_A.weight' and 2 more; 2 matched",
            Fault(file), StringComparison.Ordinal);
    }

    [Fact]
    public void Files_that_cannot_be_merged_say_why()
    {
        Assert.Contains("it changes nothing", Fault(Write("zero.safetensors",
        [
            SourceFiles.Tensor(Layer + ".lora_A.weight", [Rank, Columns], _ => 1),
            SourceFiles.Tensor(Layer + ".lora_B.weight", [Rows, Rank], _ => 0),
        ])), StringComparison.Ordinal);
        Assert.Contains("lora_up (B) is missing", Fault(Write("half.safetensors",
            [SourceFiles.Tensor(Layer + ".lora_A.weight", [Rank, Columns], _ => 1)])), StringComparison.Ordinal);
        Assert.Contains("do not make a change of blocks.0.ffn.0.weight", Fault(Write("shape.safetensors",
        [
            SourceFiles.Tensor(Layer + ".lora_A.weight", [Rank, Columns + 1], _ => 1),
            SourceFiles.Tensor(Layer + ".lora_B.weight", [Rows, Rank], _ => 1),
        ])), StringComparison.Ordinal);
        Assert.Contains("it is a DoRA", Fault(Write("dora.safetensors",
            [SourceFiles.Tensor(Layer + ".dora_scale", [Rows], _ => 1)])), StringComparison.Ordinal);
        Assert.Contains("it is a LoKr", Fault(Write("lokr.safetensors",
            [SourceFiles.Tensor("lora_unet_blocks_0_ffn_0.lokr_w1", [4, 4], _ => 1)])), StringComparison.Ordinal);
        Assert.Contains("alpha is one number", Fault(Write("alpha.safetensors", Factors(Layer + ".lora_A.weight", Layer + ".lora_B.weight",
            [SourceFiles.Tensor(Layer + ".alpha", [2], _ => 1)]))), StringComparison.Ordinal);
    }

    [Fact]
    public void Keys_of_the_pictures_own_branch_are_left_out_with_a_warning()
    {
        string file = Write("image.safetensors", Factors("diffusion_model.blocks.0.ffn.0.lora_down.weight",
            "diffusion_model.blocks.0.ffn.0.lora_up.weight",
            [SourceFiles.Tensor("diffusion_model.blocks.0.cross_attn.k_img.lora_down.weight", [Rank, 8], _ => 1),
                SourceFiles.Tensor("diffusion_model.img_emb.proj.1.diff_b", [8], _ => 1)]));

        Diagnostic warning = Assert.Single(Plan(file).Diagnostics, d => d.Descriptor == Descriptors.LoraPartLeftOut
            && d.Message.Contains("high_noise", StringComparison.Ordinal));
        Assert.Contains("has 2 keys that are left out of high_noise", warning.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_is_not_there_or_no_safetensors_is_named_at_its_line()
    {
        Diagnostic missing = Assert.Single(Plan(Path.Combine(_folder, "no.safetensors")).Diagnostics, d =>
            d.Descriptor == Descriptors.LoraNotFound);
        Assert.NotNull(missing.Span);
        string bad = Path.Combine(_folder, "bad.safetensors");
        File.WriteAllText(bad, "version https://git-lfs.github.com/spec/v1\n");
        Assert.Contains(Plan(bad).Diagnostics, d => d.Descriptor == Descriptors.LoraInvalid);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static WanCheckpoint Original() => WanCheckpoint.Open(TestData.TinyWan("checkpoint", "high_noise_model"));

    private static int Rows => WanConfig.Load(TestData.TinyWan("checkpoint", "high_noise_model", "config.json")).FfnDim;

    private static int Columns => WanConfig.Load(TestData.TinyWan("checkpoint", "high_noise_model", "config.json")).Dim;

    private static float Down(int i, int seed) => 0.02f * (((i * 7) + seed) % 11 - 5);

    private static float Up(int i, int seed) => 0.03f * (((i * 5) + seed) % 13 - 6);

    private static IEnumerable<TensorData> Factors(string down, string up, IEnumerable<TensorData> more, int seed = 0) =>
    [
        SourceFiles.Tensor(down, [Rank, Columns], i => Down(i, seed)),
        SourceFiles.Tensor(up, [Rows, Rank], i => Up(i, seed)),
        .. more,
    ];

    private static WanCheckpoint Open(string file, double strength) =>
        WanCheckpoint.Open(TestData.TinyWan("checkpoint", "high_noise_model"), [new LoraReference(file, strength)]);

    /// <summary>Holds a merged weight against a reference in double.</summary>
    private static void AssertMerged(WanCheckpoint merged, string weight, double factor)
    {
        using WanCheckpoint original = Original();
        float[] before = original.ReadFloat32(weight), after = merged.ReadFloat32(weight);
        int columns = Columns;
        double changed = 0;
        for (int i = 0; i < before.Length; i++)
        {
            double sum = 0;
            for (int t = 0; t < Rank; t++)
                sum += (double)Up((i / columns * Rank) + t, 0) * Down((t * columns) + (i % columns), 0);
            Assert.Equal(before[i] + (factor * sum), after[i], 1e-6);
            changed = Math.Max(changed, Math.Abs(after[i] - before[i]));
        }
        Assert.True(changed > 0.001);
    }

    private static string Fault(string file) => Assert.Throws<LoraException>(() => Open(file, 1).Dispose()).Reason;

    private PlanResult Plan(string file)
    {
        using TinyProject project = new() { Loras = $$"""{ "file": {{System.Text.Json.JsonSerializer.Serialize(file)}} }""" };
        project.WriteManifest();
        return Planner.Resolve(ManifestReader.Read(project.Manifest).Manifest!);
    }

    private string Write(string name, IEnumerable<TensorData> tensors)
    {
        string path = Path.Combine(_folder, name);
        SafeTensorsWriter.Write(path, [.. tensors]);
        return path;
    }
}
