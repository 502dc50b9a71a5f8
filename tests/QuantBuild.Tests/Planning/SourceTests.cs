using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Tests.Manifests;

namespace QuantBuild.Tests.Planning;

public sealed class SourceTests : IDisposable
{
    private readonly TestCheckpoint _checkpoint = new();

    private string Weights => _checkpoint.PathOf("checkpoint", "low_noise_model", "diffusion_pytorch_model.safetensors");

    [Fact]
    public void A_missing_source_is_reported_at_its_place_in_the_manifest()
    {
        Directory.Delete(_checkpoint.PathOf("checkpoint"), recursive: true);

        Diagnostic problem = Problem();

        Assert.Equal((Descriptors.SourceNotFound, 2, 24), (problem.Descriptor, problem.Span!.Value.Line, problem.Span.Value.Column));
    }

    [Fact]
    public void A_missing_expert_is_reported_with_the_folder_that_was_meant()
    {
        Directory.Move(_checkpoint.PathOf("checkpoint", "low_noise_model"), _checkpoint.PathOf("checkpoint", "low_noise_mode"));

        Diagnostic problem = Problem();

        Assert.Equal(Descriptors.ExpertNotFound, problem.Descriptor);
        Assert.Equal(3, problem.Span!.Value.Line);
        Assert.EndsWith("low_noise_model' of low_noise does not exist; did you mean 'low_noise_mode'?", problem.Message);
    }

    [Fact]
    public void A_missing_or_foreign_configuration_is_reported_with_its_file()
    {
        string config = _checkpoint.PathOf("checkpoint", "low_noise_model", "config.json");
        File.WriteAllText(config, "{}");
        Assert.Equal((Descriptors.InvalidConfig, new SourceSpan(config)), Place(Problem()));
        Assert.Equal("The configuration of low_noise cannot be used: 'model_type' is missing", Problem().Message);

        File.Delete(config);
        Assert.Equal("The configuration of low_noise cannot be used: the file does not exist", Problem().Message);
    }

    [Fact]
    public void A_truncated_or_missing_weights_file_is_reported_with_its_file()
    {
        using (FileStream file = File.OpenWrite(Weights))
            file.SetLength(file.Length - 1);
        Assert.Equal((Descriptors.InvalidCheckpoint, new SourceSpan(Weights)), Place(Problem()));
        Assert.DoesNotContain(Weights, Problem().Message);

        File.Delete(Weights);
        Assert.Equal(Descriptors.InvalidCheckpoint, Problem().Descriptor);
    }

    [Fact]
    public void Every_tensor_is_held_against_the_configuration()
    {
        Dictionary<string, (string Type, long[] Shape)> tensors = TestCheckpoint.Expected(TestCheckpoint.Small);
        tensors.Remove("blocks.2.norm3.bias");
        tensors.Add("strange.layer.weight", ("BF16", [4]));
        tensors["blocks.1.ffn.0.weight"] = ("BF16", [64, 96]);
        tensors["head.head.bias"] = ("I32", [8]);
        tensors["head.head.weight"] = ("F32", [8, 64]);
        _checkpoint.WriteExpert("low_noise_model", TestCheckpoint.Small, tensors);

        Diagnostic[] problems = [.. _checkpoint.Resolve(ManifestText.Minimal).Diagnostics];

        Assert.Equal(
            [
                $"{_checkpoint.PathOf("checkpoint", "low_noise_model")}: error QB2006: Tensor 'blocks.2.norm3.bias' of low_noise is missing",
                $"{Weights}: error QB2007: Tensor 'strange.layer.weight' is not part of a Wan2.2 expert of this configuration",
                $"{Weights}: error QB2008: Tensor 'blocks.1.ffn.0.weight' is [64, 96], but the configuration asks for [96, 64]",
                $"{Weights}: error QB2009: Tensor 'head.head.bias' is I32; weights must be F32, F16, BF16, F8_E4M3 or F8_E5M2",
            ], problems.Select(problem => problem.ToString()));
    }

    [Fact]
    public void Of_many_wrong_tensors_ten_are_named_and_the_rest_counted()
    {
        _checkpoint.WriteExpert("low_noise_model", TestCheckpoint.Small,
            TestCheckpoint.Expected(TestCheckpoint.Small with { NumLayers = 3 }));

        Diagnostic[] problems = [.. _checkpoint.Resolve(ManifestText.Minimal).Diagnostics];

        Assert.Equal(10, problems.Length);
        Assert.EndsWith("is missing (and 17 more)", problems[^1].Message);
        Assert.All(problems, problem => Assert.Equal(Descriptors.MissingTensor, problem.Descriptor));
    }

    [Fact]
    public void Experts_must_see_the_same_latents_and_text()
    {
        using var checkpoint = new TestCheckpoint(low: TestCheckpoint.Small with { TextLen = 16, NumLayers = 2 });

        Assert.Equal(["2 QB2010: The experts differ in 'text_len': high_noise has 8, low_noise has 16"],
            checkpoint.Problems(ManifestText.Minimal));
    }

    [Fact]
    public void Missing_calibration_files_are_reported_both_at_once_with_other_problems()
    {
        File.Delete(_checkpoint.PathOf("calibration.jsonl"));
        File.Delete(_checkpoint.PathOf("calibration.safetensors"));
        File.Delete(Weights);

        Assert.Equal(["QB2004", "QB2011", "QB2011"], _checkpoint.Resolve(ManifestText.Minimal).Diagnostics.Select(d => d.Descriptor.Code));
    }

    public void Dispose() => _checkpoint.Dispose();

    private static (DiagnosticDescriptor, SourceSpan?) Place(Diagnostic problem) => (problem.Descriptor, problem.Span);

    private Diagnostic Problem() => Assert.Single(_checkpoint.Resolve(ManifestText.Minimal).Diagnostics);
}
