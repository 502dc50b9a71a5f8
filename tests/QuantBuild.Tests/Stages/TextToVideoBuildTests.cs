using System.Globalization;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Manifests.Binding;
using QuantBuild.Compiler.Planning;
using QuantBuild.Compiler.Stages;
using QuantBuild.Pipelines;
using QuantBuild.SafeTensors;
using QuantBuild.Tests.Models.Wan;

namespace QuantBuild.Tests.Stages;

/// <summary>A text-to-video model from prompts to an artifact, and from the artifact to a video.</summary>
public sealed class TextToVideoBuildTests : IDisposable
{
    private readonly TinyProject _project = new() { Architecture = "wan2.2-t2v", Steps = "\"steps\": 8" };

    public TextToVideoBuildTests()
    {
        _project.Checkpoint = TextToVideoCheckpoint.Write(Path.Combine(_project.Root, "weights"));
        _project.Calibration = TextToVideoCheckpoint.WriteSet(Path.Combine(_project.Root, "set.jsonl"), "a red star", "a blue moon");
    }

    [Fact]
    public void Prompts_calibrate_it_and_the_artifact_makes_videos_without_a_picture()
    {
        string[] stages = [.. _project.Build().Ran.Select(action => action.Stage)];
        Assert.Equal(2, stages.Count(stage => stage == "Condition"));
        Assert.Equal(2, stages.Count(stage => stage == "Trajectory"));

        using ModelArtifact artifact = ModelArtifact.Open(_project.Output);
        Assert.Equal("wan2.2-t2v", artifact.Descriptor.Architecture);
        Assert.Equal((875, 12.0), (artifact.Descriptor.Boundary, artifact.Descriptor.Sampling.Shift));
        Assert.Equal(0, artifact.HighNoise.Config.ConditionDim);

        GenerationOptions options = GenerationOptions.TextToVideo with { Frames = 5, Width = 72, Height = 50 };
        options = options with { Sampling = options.Sampling with { Steps = 4, Threads = 2 } };
        using var pipeline = new WanTextToVideoPipeline(_project.Checkpoint, artifact);
        GeneratedVideo video = pipeline.Generate("a red star", options, ct: TestContext.Current.CancellationToken);
        using var full = new WanTextToVideoPipeline(_project.Checkpoint);
        GeneratedVideo reference = full.Generate("a red star", options, ct: TestContext.Current.CancellationToken);

        Assert.Equal((5, 64, 48), (video.Frames.Count, video.Frames[0].Width, video.Frames[0].Height));
        double error = Math.Sqrt(video.Latent.ToArray().Zip(reference.Latent.ToArray(), (a, b) => (double)(a - b) * (a - b)).Sum()
            / reference.Latent.ToArray().Sum(b => (double)b * b));
        Assert.InRange(error, 1e-4, 0.3);
        Assert.Throws<InvalidDataException>(() => new WanImageToVideoPipeline(_project.Checkpoint, artifact));
        Assert.Throws<InvalidDataException>(() => new WanTextToVideoPipeline(TestData.TinyWan("checkpoint")));
    }

    [Fact]
    public void Another_seed_or_size_encodes_nothing_again()
    {
        _project.Build();
        string set = File.ReadAllText(_project.Calibration);
        File.WriteAllText(_project.Calibration, set.Replace("\"seed\":41", "\"seed\":7", StringComparison.Ordinal)
            .Replace("\"height\":48", "\"height\":64", StringComparison.Ordinal));

        string[] ran = [.. _project.Build().RanNames];

        Assert.DoesNotContain(ran, name => name.StartsWith("Condition", StringComparison.Ordinal));
        Assert.Equal(2, ran.Count(name => name.StartsWith("Trajectory", StringComparison.Ordinal)));
        Assert.Empty(_project.Build().Ran);
    }

    [Fact]
    public void Evaluation_samples_with_the_models_own_guidance()
    {
        _project.WriteManifest();
        PlanResult planned = Planner.Resolve(ManifestReader.Read(_project.Manifest).Manifest!);

        Assert.Equal((4.0, 3.0), EvaluateStage.GuidanceOf(planned.Plan!));
    }

    [Fact]
    public void Guidance_is_led_away_from_the_empty_prompt()
    {
        _project.Guidance = 3;

        string[] encoded = [.. _project.Build().Ran.Where(action => action.Stage == "Condition").Select(action => action.Name)];

        Assert.Equal(["empty prompt", "sample 000", "sample 001"], encoded.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Prepared_tensors_have_no_condition_and_build_the_same_artifact()
    {
        _project.Build();
        IReadOnlyDictionary<string, string> expected = _project.ArtifactDigests();
        using var error = new StringWriter(CultureInfo.InvariantCulture);
        int code = QuantBuild.Tool.CommandLine.Run(["prepare", _project.Calibration, "--model", _project.Checkpoint, "--threads", "2"],
            QuantBuild.Tool.Running.ToolConsole.To(error, error), TestContext.Current.CancellationToken);
        Assert.True(code == 0, error.ToString());
        string file = Path.ChangeExtension(_project.Calibration, ".safetensors");
        using (SafeTensorsFile tensors = SafeTensorsFile.Open(file))
        {
            Assert.Equal(["null_context", "sample.000.context", "sample.000.noise", "sample.001.context", "sample.001.noise"],
                tensors.Tensors.Keys.Order(StringComparer.Ordinal));
        }

        _project.Build();

        // The descriptor says which stages were planned.
        Assert.All(expected.Keys.Where(path => path != "artifact.json"), path =>
            Assert.Equal(expected[path], _project.ArtifactDigests()[path]));

        using (SafeTensorsFile tensors = SafeTensorsFile.Open(file))
        {
            SafeTensorsWriter.Write(file + ".new", [.. tensors.Tensors.Keys.Select(name => TensorData.Copy(tensors, name)),
                TensorData.Of("sample.001.y", [1], new float[1])]);
        }
        File.Move(file + ".new", file, overwrite: true);
        Assert.Contains("'sample.001.y' is there, but the model takes no picture", Fault().Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_manifest_of_the_other_architecture_is_one_error_at_its_place()
    {
        _project.Architecture = "wan2.2-i2v";

        Diagnostic fault = Fault();

        Assert.Equal((Descriptors.ArchitectureDiffers, 2), (fault.Descriptor, fault.Span!.Value.Line));
        Assert.Equal("The checkpoint's experts make videos of a prompt alone, and the manifest says 'wan2.2-i2v'", fault.Message);
        (_project.Architecture, _project.Checkpoint) = ("wan2.2-t2v", TestData.TinyWan("checkpoint"));
        Assert.Equal("The checkpoint's experts make videos of a first frame and a prompt, and the manifest says 'wan2.2-t2v'",
            Fault().Message);
    }

    [Theory]
    [InlineData("\"prompt\":\"a blue moon\"", "\"prompt\":\" \"", "QB3102", "its \"prompt\" is empty")]
    [InlineData("\"seed\":41", "\"image\":\"star.png\"", "QB2026", "There is a picture, '")]
    [InlineData("\"width\":64", "\"width\":8", "QB3102", "a video of 8x48 pixels; both must be at least 16")]
    [InlineData("\"frames\":5", "\"frames\":6", "QB3102", "a video of 6 frames")]
    public void Lines_that_make_no_sample_are_told_at_their_place(string old, string changed, string code, string expected)
    {
        string[] lines = File.ReadAllLines(_project.Calibration);
        lines[1] = lines[1].Replace(old, changed, StringComparison.Ordinal);
        File.WriteAllLines(_project.Calibration, lines);

        Diagnostic fault = Fault();

        Assert.Equal((code, 2), (fault.Descriptor.Code, fault.Span!.Value.Line));
        Assert.Contains(expected, fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_artifact_whose_configuration_is_of_the_other_architecture_is_refused()
    {
        _project.Build();
        string descriptor = Path.Combine(_project.Output, "artifact.json");
        File.WriteAllText(descriptor, File.ReadAllText(descriptor).Replace("wan2.2-t2v", "wan2.2-i2v", StringComparison.Ordinal));

        Assert.Contains("it is the configuration of wan2.2-t2v, the descriptor says wan2.2-i2v",
            Assert.Throws<QuantBuild.Artifacts.ArtifactException>(() => ModelArtifact.Open(_project.Output)).Message,
            StringComparison.Ordinal);
    }

    public void Dispose() => _project.Dispose();

    private Diagnostic Fault() => Assert.Throws<DiagnosticException>(() => _project.Build()).Diagnostics.First(fault =>
        fault.Descriptor.Severity == Severity.Error);
}
