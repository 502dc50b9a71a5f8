using QuantBuild.Compiler.Actions;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Manifests.Binding;
using QuantBuild.Compiler.Planning;
using QuantBuild.Compiler.Projects;
using QuantBuild.Formats;
using QuantBuild.Models.Wan;
using QuantBuild.SafeTensors;
using QuantBuild.Tests.Models.Wan;
using QuantBuild.Tests.Stages;

namespace QuantBuild.Tests.Sources;

/// <summary>Files and combinations of files as people have them: built right, or refused in a sentence that says what to do.</summary>
public sealed class OddInputsTests : IDisposable
{
    private const string Layer = "blocks.0.ffn.0";

    private readonly string _folder = Directory.CreateTempSubdirectory("quantbuild-odd").FullName;
    private readonly TinyProject _project = new();

    [Fact]
    public void A_file_of_ComfyUI_in_8_bits_with_a_LoRA_of_LightX2V_is_planned()
    {
        UseFiles(name => name.EndsWith("ffn.2.weight", StringComparison.Ordinal), fp8: true, prefix: "diffusion_model.");
        _project.Loras = Entry(Write("wan2.2_i2v_4steps_lora.safetensors",
        [
            SourceFiles.Tensor($"diffusion_model.{Layer}.lora_down.weight", [2, 192], i => 0.01f * (i % 5)),
            SourceFiles.Tensor($"diffusion_model.{Layer}.lora_up.weight", [512, 2], i => 0.01f * (i % 7)),
            SourceFiles.Tensor($"diffusion_model.{Layer}.alpha", [], _ => 2),
            SourceFiles.Tensor($"diffusion_model.{Layer}.diff_b", [512], i => 0.001f * (i % 3)),
            SourceFiles.Tensor("diffusion_model.blocks.0.self_attn.norm_k.diff", [192], _ => 0.01f),
            SourceFiles.Tensor("diffusion_model.blocks.0.cross_attn.norm_k_img.diff", [192], _ => 0.01f),
            SourceFiles.Tensor("diffusion_model.blocks.0.cross_attn.k_img.lora_down.weight", [2, 192], _ => 0.01f),
            SourceFiles.Tensor("diffusion_model.blocks.0.cross_attn.k_img.lora_up.weight", [192, 2], _ => 0.01f),
        ]));

        PlanResult plan = Plan();

        Assert.NotNull(plan.Plan);
        Assert.Contains(plan.Diagnostics, report => report.Descriptor == Descriptors.LoraPartLeftOut
            && report.Message.Contains("has 3 keys that are left out", StringComparison.Ordinal));
        using WanCheckpoint merged = WanCheckpoint.Open(Path.Combine(_folder, _project.HighWeights), plan.Plan!.Experts[0].Loras);
        using WanCheckpoint original = WanCheckpoint.Open(TestData.TinyWan("checkpoint", "high_noise_model"));
        Assert.Equal(original.Tensors.Keys.Order(), merged.Tensors.Keys.Order());
        Assert.NotEqual(original.ReadFloat32($"{Layer}.weight"), merged.ReadFloat32($"{Layer}.weight"));
    }

    [Fact]
    public void A_scale_that_is_not_1_beside_a_weight_of_more_bits_is_an_error()
    {
        string[] files = SourceFiles.Write(_folder, source => source.Tensors.Keys.SelectMany(name => name == "blocks.0.ffn.2.weight"
            ? SourceFiles.Fp8(source, name, name, "blocks.0.ffn.2.scale_weight", perRow: false)
            : [TensorData.Copy(source, name)]).Append(SourceFiles.Tensor($"{Layer}.scale_weight", [], _ => 2)));
        Use(files);

        Assert.Contains($"'{Layer}.scale_weight' scales '{Layer}.weight', which is BF16: only weights in 8-bit floats have scales other "
            + "than 1", Fault(), StringComparison.Ordinal);
    }

    /// <summary>Copies in another type build the same artifact where the type holds every value.</summary>
    [Theory]
    [InlineData(DType.F32, DType.F32)]
    [InlineData(DType.F32, DType.BF16)]
    public void Copies_in_a_wider_type_and_mixtures_of_types_build_the_same_bytes(DType matrices, DType others)
    {
        _project.OutputSection = """ "keptDtype": "bf16" """;
        _project.Build();
        IReadOnlyDictionary<string, string> expected = _project.ArtifactDigests();
        Use(SourceFiles.Write(_folder, source => source.Tensors.Values.Select(tensor =>
            (tensor.Shape.Count == 2 ? matrices : others) == DType.F32
                ? TensorData.Of(tensor.Name, tensor.Shape, source.ReadFloat32(tensor.Name))
                : TensorData.Copy(source, tensor.Name))));

        _project.Build();

        AssertSameTensors(expected);
    }

    [Fact]
    public void Half_precision_builds_what_its_values_in_float32_build()
    {
        _project.OutputSection = """ "keptDtype": "bf16" """;
        Use(SourceFiles.Write(_folder, source => source.Tensors.Values.Select(tensor => TensorData.Of(tensor.Name, DType.F16, tensor.Shape,
            System.Runtime.InteropServices.MemoryMarshal.AsBytes(Array.ConvertAll(source.ReadFloat32(tensor.Name), value => (Half)value)
                .AsSpan()).ToArray()))));
        _project.Build();
        IReadOnlyDictionary<string, string> expected = _project.ArtifactDigests();

        Use(SourceFiles.Write(_folder, source => source.Tensors.Values.Select(tensor => TensorData.Of(tensor.Name, tensor.Shape,
            Array.ConvertAll(source.ReadFloat32(tensor.Name), value => (float)(Half)value)))));
        _project.Build();

        AssertSameTensors(expected);
    }

    [Fact]
    public void A_folder_of_one_file_per_expert_needs_no_names_and_becomes_a_project()
    {
        string[] files = SourceFiles.Write(_folder, source => source.Tensors.Keys.Select(name => TensorData.Copy(source, name)));
        (_project.Checkpoint, _project.UsesDefaultFolders) = (_folder, true);

        Assert.Equal(files, Plan().Plan!.Experts.Select(expert => Path.GetFileName(expert.File)));
        NewProject created = ProjectCreation.Write(new ProjectRequest(Path.Combine(_folder, "new"), _folder), SilentObserver.Instance,
            TestContext.Current.CancellationToken);
        Assert.Equal("single-file", created.Layout);
        Assert.Contains($"\"weights\": \"{files[1]}\"", File.ReadAllText(Path.Combine(created.Folder, "new.quant.json")),
            StringComparison.Ordinal);

        File.Copy(Path.Combine(_folder, files[0]), Path.Combine(_folder, "another_high_noise.safetensors"));
        Assert.Contains("nor one safetensors file for each", Assert.Throws<DiagnosticException>(() => ProjectCreation.Write(
            new ProjectRequest(Path.Combine(_folder, "second"), _folder), SilentObserver.Instance,
            TestContext.Current.CancellationToken)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Another_container_is_named()
    {
        Use(SourceFiles.Write(_folder, source => source.Tensors.Keys.Select(name => TensorData.Copy(source, name))));
        File.WriteAllBytes(Path.Combine(_folder, "wan.gguf"), [.. "GGUF"u8, .. new byte[2000]]);
        _project.HighWeights = "wan.gguf";

        Assert.Contains("a GGUF file: use the checkpoint in safetensors", Fault(), StringComparison.Ordinal);
    }

    [Fact]
    public void Files_whose_names_speak_of_the_other_expert_are_a_warning()
    {
        string[] files = SourceFiles.Write(_folder, source => source.Tensors.Keys.Select(name => TensorData.Copy(source, name)));
        Use([files[1], files[0]]);
        _project.Loras = Entry(Write("Wan22-HighNoise-lora.safetensors", [SourceFiles.Tensor("blocks.0.norm3.diff", [192], _ => 1)]));

        Diagnostic[] reports = [.. Plan().Diagnostics.Where(report => report.Descriptor == Descriptors.OtherExpertsFile)];

        Assert.Equal(["wan2.2_i2v_low_noise_model.safetensors", "wan2.2_i2v_high_noise_model.safetensors",
            "Wan22-HighNoise-lora.safetensors"], reports.Select(report => Path.GetFileName((string)report.Arguments[0]!)));
        Assert.EndsWith("' is used for high_noise, and its name speaks of low_noise", reports[0].Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("lora_te1_encoder_block_0_layer_0.lora_down.weight")]
    [InlineData("text_encoder.encoder.block.0.lora_A.weight")]
    public void A_LoRA_of_the_text_encoder_too_is_refused_with_the_reason(string key)
    {
        _project.Loras = Entry(Write("both.safetensors", [SourceFiles.Tensor("blocks.0.norm3.diff", [192], _ => 1),
            SourceFiles.Tensor(key, [2, 4], _ => 1)]));

        Assert.Contains($"it changes the text encoder, too, which nothing is merged into: 1 of its keys match no layer: '{key}'; 1 matched",
            Fault(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_LoRA_for_another_number_of_input_channels_says_both_shapes()
    {
        _project.Architecture = "wan2.2-t2v";
        _project.Checkpoint = TextToVideoCheckpoint.Write(Path.Combine(_folder, "t2v"));
        _project.Steps = "\"steps\": 8";
        _project.Calibration = TextToVideoCheckpoint.WriteSet(Path.Combine(_folder, "set.jsonl"), "a star", "a moon");
        _project.Loras = Entry(Write("i2v.safetensors",
            [SourceFiles.Tensor("diffusion_model.patch_embedding.diff", [192, 36, 1, 2, 2], _ => 1)]));

        Assert.Contains("'diffusion_model.patch_embedding.diff' is [192,36,1,2,2]; patch_embedding.weight is [192,16,1,2,2]", Fault(),
            StringComparison.Ordinal);
    }

    public void Dispose()
    {
        _project.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private static string Entry(string file) => $$"""{ "file": {{System.Text.Json.JsonSerializer.Serialize(file)}} }""";

    private string Write(string name, TensorData[] tensors)
    {
        string file = Path.Combine(_folder, name);
        SafeTensorsWriter.Write(file, tensors);
        return file;
    }

    /// <summary>Files with all that ComfyUI's programs put beside the weights.</summary>
    private void UseFiles(Func<string, bool> isEight, bool fp8, string prefix) => Use(SourceFiles.Write(_folder, source =>
        source.Tensors.Keys.SelectMany(name => fp8 && isEight(name)
            ? SourceFiles.Fp8(source, name, prefix + name, prefix + name[..^".weight".Length] + ".scale_weight", perRow: false)
            : [TensorData.Copy(source, name, prefix + name)])
        .Append(TensorData.Of(prefix + "scaled_fp8", DType.F8_E4M3, [0], Array.Empty<byte>()))
        .Append(TensorData.Of($"{prefix}{Layer}.comfy_quant", DType.U8, [3], new byte[3]))
        .Append(SourceFiles.Tensor($"{prefix}{Layer}.scale_weight", [], _ => 1))
        .Append(SourceFiles.Tensor($"{prefix}{Layer}.scale_input", [], _ => 1))));

    private void Use(string[] files) => (_project.Checkpoint, _project.HighWeights, _project.LowWeights) = (_folder, files[0], files[1]);

    private PlanResult Plan()
    {
        _project.WriteManifest();
        return Planner.Resolve(ManifestReader.Read(_project.Manifest).Manifest!);
    }

    private string Fault() => Plan().Diagnostics.First(report => report.Descriptor.Severity == Severity.Error).Message;

    private void AssertSameTensors(IReadOnlyDictionary<string, string> expected) =>
        Assert.All(expected.Keys.Where(path => path.EndsWith(".safetensors", StringComparison.Ordinal)),
            path => Assert.Equal(expected[path], _project.ArtifactDigests()[path]));
}
