using System.Security.Cryptography;
using QuantBuild.Artifacts;
using QuantBuild.Compiler.Actions;
using QuantBuild.Compiler.Build;
using QuantBuild.Compiler.Operations;
using QuantBuild.Compiler.Work;
using QuantBuild.Matrices;
using QuantBuild.Models;
using QuantBuild.Models.Wan;
using QuantBuild.SafeTensors;

namespace QuantBuild.Tests.Stages;

/// <summary>Builds with the newer ways: refit, rotation, measured sharing.</summary>
public sealed class RefitBuildTests : IDisposable
{
    private const string Newer = """ "rotation": "auto", "smooth": { "share": "auto" }, """;

    private readonly TinyProject _project = new() { Weights = """ "method": "refit", "rounds": 2 """, Quantize = Newer,
        WeightsBefore = "" };

    public void Dispose() => _project.Dispose();

    [Fact]
    public void The_former_defaults_give_the_former_bytes()
    {
        using var former = new TinyProject();
        former.Build();

        Assert.Equal("8b3135a92594d304", TensorsOf(former, "high_noise_model"));
        Assert.Equal("a7fe6b8affbdf3f4", TensorsOf(former, "low_noise_model"));
    }

    [Fact]
    public void A_refitted_build_is_the_same_on_any_number_of_threads_and_errs_less()
    {
        using var former = new TinyProject();
        double before = ErrorOf(former.Build());
        double after = ErrorOf(_project.Build());
        string first = TensorsOf(_project, "low_noise_model");

        using var other = new TinyProject { Weights = _project.Weights, Quantize = Newer, WeightsBefore = "", Threads = 1 };
        other.Build();

        Assert.True(after < 0.95 * before, $"{after} against {before}");
        Assert.Equal(first, TensorsOf(other, "low_noise_model"));
        Assert.Empty(_project.Build().Ran);
    }

    [Fact]
    public void There_is_no_action_for_a_branch_and_one_for_each_rotation()
    {
        string[] stages = [.. _project.Build().Ran.Select(action => action.Stage)];

        Assert.DoesNotContain("LowRank", stages);
        Assert.Equal(20, stages.Count(stage => stage == "Rotate"));
        Assert.Equal(20, stages.Count(stage => stage == "Gptq"));
        using ModelArtifact artifact = ModelArtifact.Open(_project.Output);
        ArtifactLayer[] layers = [.. artifact.Descriptor.Experts.Values.SelectMany(expert => expert.Layers.Values)
            .Where(layer => layer.IsQuantized)];
        Assert.Contains(layers, layer => layer.Rotation == ArtifactLayer.Hadamard32);
        Assert.All(layers, layer => Assert.Equal(8, layer.Rank));
    }

    /// <summary>An app that opens the artifact computes what the build measured: the layers of a rotated input, smoothed apart.</summary>
    [Fact]
    public void The_layers_of_the_artifact_are_near_those_of_the_checkpoint()
    {
        _project.Build();
        using ModelArtifact artifact = ModelArtifact.Open(_project.Output);
        using ShardedCheckpoint source = ShardedCheckpoint.Open(Path.Combine(TestData.TinyWan("checkpoint"), "low_noise_model"));
        foreach (string name in (string[])["blocks.0.self_attn.q", "blocks.0.ffn.0", "blocks.0.ffn.2", "blocks.0.cross_attn.v"])
        {
            ILinear layer = artifact.LowNoise.Linear(name)!;
            float[] weight = source.ReadFloat32(name + ".weight"), bias = source.ReadFloat32(name + ".bias");
            float[] x = Quantizers.RandomData.Normal(5, 40 * layer.InFeatures);
            float[] expected = new float[40 * layer.OutFeatures], actual = new float[40 * layer.OutFeatures];
            new FullPrecisionLinear(new ReadOnlyMatrixView(weight, layer.OutFeatures, layer.InFeatures), bias)
                .Apply(Quantizers.RandomData.Matrix(x, layer.InFeatures), Quantizers.RandomData.Matrix(expected, layer.OutFeatures), 300,
                    1, TestContext.Current.CancellationToken);

            layer.Apply(Quantizers.RandomData.Matrix(x, layer.InFeatures), Quantizers.RandomData.Matrix(actual, layer.OutFeatures), 300, 1,
                TestContext.Current.CancellationToken);

            double difference = expected.Zip(actual).Sum(pair => Math.Pow(pair.First - pair.Second, 2)) / expected.Sum(y => (double)y * y);
            Assert.InRange(difference, 0, 0.2);
        }
    }

    [Fact]
    public void In_bf16_a_rotated_weight_is_turned_back()
    {
        _project.Quantize = """ "rotation": "hadamard32", """;
        _project.OutputSection = """ "layout": "bf16" """;
        _project.Build();

        using ShardedCheckpoint source = ShardedCheckpoint.Open(Path.Combine(TestData.TinyWan("checkpoint"), "low_noise_model"));
        using ShardedCheckpoint exported = ShardedCheckpoint.Open(Path.Combine(_project.Output, "low_noise_model"));
        float[] expected = source.ReadFloat32("blocks.0.ffn.2.weight"), actual = exported.ReadFloat32("blocks.0.ffn.2.weight");
        Assert.InRange(expected.Zip(actual).Sum(pair => Math.Pow(pair.First - pair.Second, 2)) / expected.Sum(w => (double)w * w), 0, 0.05);
    }

    private static double ErrorOf(TinyProject.Outcome outcome) => outcome.Result.Layers.Average(layer => layer.Recipe);

    private static string TensorsOf(TinyProject project, string expert) => Convert.ToHexStringLower(SHA256.HashData(
        File.ReadAllBytes(Path.Combine(project.Output, expert, "diffusion_pytorch_model.safetensors"))))[..16];
}
