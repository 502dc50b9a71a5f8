using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Manifests.Binding;
using QuantBuild.Compiler.Planning;
using QuantBuild.Compiler.Sources;
using QuantBuild.Models.Wan;
using QuantBuild.SafeTensors;
using QuantBuild.Tests.Models.Wan;
using QuantBuild.Tests.Stages;

namespace QuantBuild.Tests.Sources;

public sealed class FileIdentityTests : IDisposable
{
    private static readonly WanConfig Real = new() { Dim = 5120, FfnDim = 13824, NumHeads = 40, NumLayers = 40, InDim = 36, OutDim = 16 };

    private readonly string _folder = Directory.CreateTempSubdirectory("quantbuild-identity").FullName;

    [Theory]
    [InlineData("", "wan2.2_i2v_high_noise_14B.safetensors",
        "an expert of Wan2.2-I2V-A14B, by its name the high_noise expert, original names, weights in BF16")]
    [InlineData("model.diffusion_model.", "x_low_noise.safetensors",
        "an expert of Wan2.2-I2V-A14B, by its name the low_noise expert, original names with ComfyUI's prefix, weights in BF16")]
    public void Experts_are_recognized_under_any_prefix(string prefix, string file, string expected) =>
        Assert.Equal(expected, FileIdentity.Of(file, Shapes(Real, name => prefix + name)).ToString());

    [Fact]
    public void Names_of_Diffusers_are_told() => Assert.Equal("an expert of Wan2.2-I2V-A14B, Diffusers names, weights in BF16",
        FileIdentity.Of("diffusion_pytorch_model.safetensors", Shapes(Real, DiffusersCheckpoint.NameOf)).ToString());

    [Theory]
    [InlineData(5120, 16, "an expert of Wan2.2-T2V-A14B, or Wan2.1-T2V-14B, which has the same shapes")]
    [InlineData(1536, 16, "Wan2.1-T2V-1.3B")]
    [InlineData(3072, 48, "Wan2.2-TI2V-5B")]
    [InlineData(192, 16, "an expert of a Wan text-to-video model with 40 blocks of width 192")]
    public void Other_models_of_the_family_are_named(int dim, int channels, string expected) =>
        Assert.Equal(expected,
            FileIdentity.Of("a", Shapes(Real with { Dim = dim, InDim = channels, OutDim = channels }, name => name)).Model);

    [Theory]
    [InlineData(16, "an expert of a Wan text-to-video model with 40 blocks of width 192")]
    [InlineData(36, "an expert of a Wan image-to-video model with 40 blocks of width 192")]
    public void A_shard_without_the_head_is_recognized_by_its_input(int channels, string expected)
    {
        Dictionary<string, TensorInfo> tensors = Shapes(Real with { Dim = 192, InDim = channels }, name => name);
        tensors.Remove("head.head.weight");

        Assert.Equal(expected, FileIdentity.Of("a", tensors).Model);
    }

    [Theory]
    [InlineData("vace_blocks.0.ffn.0.weight", "Wan VACE")]
    [InlineData("audio_injector.injector.0.q.weight", "Wan2.2-S2V-14B")]
    [InlineData("face_adapter.fuser_blocks.0.linear1_q.weight", "Wan2.2-Animate-14B")]
    [InlineData("img_emb.proj.1.weight", "Wan2.1-I2V-14B")]
    [InlineData("blocks.0.attn2.add_k_proj.weight", "Wan2.1-I2V-14B")]
    public void Parts_that_others_have_name_them(string part, string expected)
    {
        Dictionary<string, TensorInfo> tensors = Shapes(Real, name => name);
        tensors.Add(part, new TensorInfo(part, DType.BF16, [4, 4], 0, 32));

        Assert.Equal(expected, FileIdentity.Of("a", tensors).Model);
        Assert.Equal(expected, WanFamily.OtherOf(tensors));
    }

    [Theory]
    [InlineData("diffusion_model.blocks.{0}.ffn.0.lora_down.weight", "a LoRA of 3 layers, names with dots, rank 8, weights in F32")]
    [InlineData("lora_unet_blocks_{0}_ffn_0.lora_down.weight", "a LoRA of 3 layers, Kohya's names, rank 8, weights in F32")]
    [InlineData("blocks.{0}.ffn.0.hada_w1_a", "a LoHa, which cannot be merged, weights in F32")]
    public void Kinds_of_LoRA_are_told(string name, string expected) => Assert.Equal(expected, FileIdentity.Of("a.safetensors",
        Enumerable.Range(0, 3).Select(i => string.Format(System.Globalization.CultureInfo.InvariantCulture, name, i))
            .ToDictionary(key => key, key => new TensorInfo(key, DType.F32, [8, 16], 0, 512))).ToString());

    [Theory]
    [InlineData("text_encoder", "model", "a UMT5 text encoder, weights in BF16")]
    [InlineData("vae", ShardedCheckpoint.DefaultStem, "the video autoencoder of Wan2.1, which Wan2.2-A14B uses")]
    public void Encoders_are_recognized(string part, string stem, string expected)
    {
        using ShardedCheckpoint file = ShardedCheckpoint.Open(TestData.TinyWan("checkpoint", part), stem);

        Assert.Equal(expected, FileIdentity.Of("a", file.Tensors).ToString());
    }

    [Fact]
    public void What_is_nothing_known_is_said_to_be_so() => Assert.Equal("nothing that QuantBuild knows, weights in F32",
        FileIdentity.Of("a", new Dictionary<string, TensorInfo> { ["x"] = new("x", DType.F32, [2, 2], 0, 16) }).ToString());

    [Fact]
    public void A_build_of_another_model_names_it()
    {
        string[] files = SourceFiles.Write(_folder, source => source.Tensors.Keys.Select(name => TensorData.Copy(source, name))
            .Append(SourceFiles.Tensor("vace_blocks.0.ffn.0.weight", [2, 2], i => i)));
        using TinyProject project = new() { Checkpoint = _folder, HighWeights = files[0], LowWeights = files[1] };
        project.WriteManifest();

        Assert.Contains(Planner.Resolve(ManifestReader.Read(project.Manifest).Manifest!).Diagnostics, report =>
            report.Descriptor == Descriptors.OtherModel
            && report.Message == "The weights of high_noise are those of Wan VACE, which cannot be quantized");
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static Dictionary<string, TensorInfo> Shapes(WanConfig config, Func<string, string> rename) =>
        WanTensors.ExpectedShapes(config).ToDictionary(entry => rename(entry.Key), entry =>
            new TensorInfo(rename(entry.Key), DType.BF16, entry.Value, 0, 2 * entry.Value.Aggregate(1L, (a, b) => a * b)),
            StringComparer.Ordinal);
}
