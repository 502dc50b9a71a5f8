using QuantBuild.Compiler.Actions;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Manifests.Binding;
using QuantBuild.Compiler.Planning;
using QuantBuild.Compiler.Projects;
using QuantBuild.Models.Wan;
using QuantBuild.Tests.Stages;

namespace QuantBuild.Tests.Sources;

/// <summary>
/// Checkpoints of models of the family that are not supported are named, by their configuration before any tensor is read.
/// </summary>
public sealed class OtherModelsTests : IDisposable
{
    private const string Sizes =
        "\"dim\": 5120, \"ffn_dim\": 13824, \"freq_dim\": 256, \"num_heads\": 40, \"num_layers\": 40, \"text_len\": 512, \"eps\": 1e-6";

    private const string Heads = "\"num_attention_heads\": 40, \"attention_head_dim\": 128";

    private readonly TinyProject _project = new();

    /// <summary>Configurations as the models are published with, but for what is the same in all; and their names.</summary>
    public static TheoryData<string, string> Configurations => new()
    {
        { $$"""{ "_class_name": "WanModel", "model_type": "ti2v", {{Sizes}}, "in_dim": 48, "out_dim": 48 }""", "Wan2.2-TI2V-5B" },
        { $$"""{ "_class_name": "WanTransformer3DModel", {{Heads}}, "in_channels": 48, "out_channels": 48 }""", "Wan2.2-TI2V-5B" },
        { $$"""{ "_class_name": "WanModel_S2V", "model_type": "s2v", {{Sizes}}, "in_dim": 16, "out_dim": 16 }""", "Wan2.2-S2V-14B" },
        { $$"""{ "_class_name": "WanAnimateModel", "model_type": "i2v", {{Sizes}}, "in_dim": 36, "out_dim": 16 }""", "Wan2.2-Animate-14B" },
        { $$"""{ "_class_name": "WanAnimateTransformer3DModel", {{Heads}}, "in_channels": 36 }""", "Wan2.2-Animate-14B" },
        { $$"""{ "_class_name": "VaceWanModel", "model_type": "vace", {{Sizes}}, "in_dim": 16, "out_dim": 16 }""", "Wan VACE" },
        { $$"""{ "_class_name": "WanVACETransformer3DModel", {{Heads}}, "in_channels": 16, "vace_layers": [0, 5] }""", "Wan VACE" },
        { $$"""{ "_class_name": "WanTransformer3DModel", {{Heads}}, "in_channels": 36, "image_dim": 1280 }""", "Wan2.1-I2V-14B" },
        { $$"""{ "_class_name": "WanTransformer3DModel", {{Heads}}, "image_dim": 1280, "pos_embed_seq_len": 514 }""", "Wan2.1-FLF2V-14B" },
        { """{ "model_type": "t2v", "dim": 1536, "num_heads": 12, "in_dim": 16, "out_dim": 16 }""", "Wan2.1-T2V-1.3B" },
    };

    [Theory]
    [MemberData(nameof(Configurations))]
    public void A_configuration_names_its_model(string config, string model)
    {
        _project.CopyCheckpoint();
        foreach (string expert in SourceFiles.Experts)
            File.WriteAllText(Path.Combine(_project.Checkpoint, expert, "config.json"), config);
        _project.WriteManifest();

        Diagnostic[] faults = [.. Planner.Resolve(ManifestReader.Read(_project.Manifest).Manifest!).Diagnostics];

        Assert.Equal(["high_noise", "low_noise"], faults.Where(fault => fault.Descriptor == Descriptors.OtherModel)
            .Select(fault => fault.Arguments[0]));
        Assert.Equal($"The weights of high_noise are those of {model}, which cannot be quantized", faults[0].Message);
        Assert.EndsWith($"it is the configuration of {model}; of the Wan family Wan2.2-I2V-A14B and Wan2.2-T2V-A14B are supported",
            Assert.Throws<InvalidDataException>(() => WanConfig.Load(Path.Combine(_project.Checkpoint, "high_noise_model", "config.json")))
                .Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("config.json", "t2v", 16, "a model of one expert, as Wan2.1-T2V-14B is")]
    [InlineData("config.json", "i2v", 36, "a model of one expert, as Wan2.1-I2V-14B is")]
    [InlineData("config.json", "ti2v", 48, "Wan2.2-TI2V-5B")]
    [InlineData("transformer/config.json", "s2v", 16, "Wan2.2-S2V-14B")]
    public void A_checkpoint_of_one_expert_is_named_by_init_and_by_a_build(string file, string type, int channels, string model)
    {
        string folder = Path.Combine(_project.Root, "single");
        Directory.CreateDirectory(Path.GetDirectoryName(Path.Combine(folder, file))!);
        File.WriteAllText(Path.Combine(folder, file),
            $$"""{ "model_type": "{{type}}", {{Sizes}}, "in_dim": {{channels}}, "out_dim": {{(channels == 48 ? 48 : 16)}} }""");
        _project.Checkpoint = folder;
        _project.UsesDefaultFolders = true;
        _project.WriteManifest();

        Diagnostic planned = Planner.Resolve(ManifestReader.Read(_project.Manifest).Manifest!).Diagnostics[0];
        Diagnostic created = Assert.Throws<DiagnosticException>(() => ProjectCreation.Write(
            new ProjectRequest(Path.Combine(_project.Root, "new"), folder), SilentObserver.Instance,
            TestContext.Current.CancellationToken)).Diagnostics[0];

        string expected = $"The weights of the checkpoint are those of {model}, which cannot be quantized";
        Assert.Equal((Descriptors.OtherModel, expected), (planned.Descriptor, planned.Message));
        Assert.Equal((Descriptors.OtherModel, expected), (created.Descriptor, created.Message));
    }

    public void Dispose() => _project.Dispose();
}
