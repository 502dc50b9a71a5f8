using QuantBuild.Artifacts;
using QuantBuild.Compiler.Actions;
using QuantBuild.Compiler.Build;
using QuantBuild.Compiler.Evaluation;
using QuantBuild.Compiler.Operations;
using QuantBuild.Compiler.Work;
using QuantBuild.Tests.Manifests;

namespace QuantBuild.Tests.Stages;

/// <summary>Bins in which layers take their input as it is.</summary>
public sealed class BinActivationsTests
{
    private const string FirstAsItIs = """{ "name": "early", "from": 0, "to": 0.5, "activations": "none" }, "boundary:0.5-1" """;

    [Fact]
    public void Such_a_bin_runs_clip_and_measure_again_and_nothing_else_and_its_error_is_lower()
    {
        using var project = new TinyProject();
        project.Build();
        IReadOnlyList<BinQuality> before = Bins(project);
        project.HighBins = FirstAsItIs;

        TinyProject.Outcome build = project.Build();

        IReadOnlyList<BinQuality> after = Bins(project);
        Assert.Equal(["Clip", "Measure", "Pack"], build.Ran.Select(action => action.Stage).Distinct().Order(StringComparer.Ordinal));
        Assert.All(build.Ran, action => Assert.Equal("high_noise", action.Expert));
        Assert.All(build.Ran.Where(action => action.Stage == "Clip"), action =>
            Assert.EndsWith("/early", action.Name, StringComparison.Ordinal));
        Assert.All(before.Zip(after), pair =>
        {
            if (pair.First is { Expert: "high_noise", Bin: "early" })
                Assert.True(pair.Second.Recipe < 0.8 * pair.First.Recipe, $"{pair.Second} after {pair.First}");
            else
                Assert.Equal(pair.First, pair.Second);
        });
    }

    [Fact]
    public void The_descriptor_says_so_and_the_model_that_an_app_opens_does_so()
    {
        using var project = new TinyProject { HighBins = FirstAsItIs };
        project.Build();
        using ModelArtifact artifact = ModelArtifact.Open(project.Output);

        Assert.Equal([("early", true), ("boundary", false)],
            artifact.Descriptor.Experts["high_noise"].Bins.Select(bin => (bin.Name, bin.KeepsActivations)));
        Assert.Contains("\"activations\": \"none\"", File.ReadAllText(Path.Combine(project.Output, "artifact.json")),
            StringComparison.Ordinal);
        Assert.Equal(1, artifact.Descriptor.Experts["high_noise"].Layers["blocks.0.ffn.2"].Clips[0].Ratio);
        Assert.True(artifact.HighNoise.Parameters("blocks.0.ffn.2")!.Activations!.IsMixed);
        Assert.False(artifact.LowNoise.Parameters("blocks.0.ffn.2")!.Activations!.IsMixed);
    }

    [Fact]
    public void The_evaluation_shows_what_it_brings()
    {
        using var project = new TinyProject { Steps = """ "solver": "euler", "timesteps": [1000, 937, 833, 625] """,
            HighBins = FirstAsItIs };

        EvaluationReport report = ModelCompiler.Evaluate(project.Options(), new EvaluationOptions(TestData.TinyWan("eval.jsonl"), 1, 16),
            SilentObserver.Instance, TestContext.Current.CancellationToken);

        EvaluationReport.Row without = report.Rows.Single(row => row.Method == "ours-rounded");
        EvaluationReport.Row with = report.Rows.Single(row => row.Method == EvaluationReport.Ours);
        Assert.True(with.Calibrated.All < without.Calibrated.All, $"{with} against {without}");
        Assert.True(with.HeldOut!.All < without.HeldOut!.All, $"{with} against {without}");
        Assert.NotEqual(with.Latent.Error, without.Latent.Error);
        Assert.Equal(with.Calibrated.ByExpert["low_noise"], without.Calibrated.ByExpert["low_noise"]);
    }

    [Theory]
    [InlineData("\"activations\": \"bf16\"", "values are mxfp4, none")]
    [InlineData("\"activations\": \"none\", \"clipRatios\": [0.9]", "nothing to clip")]
    public void What_is_no_choice_or_contradicts_itself_is_an_error(string keys, string error)
    {
        string problem = ManifestText.Problem(ManifestText.WithBins($$"""[{ "name": "a", "from": 0, "to": 1, {{keys}} }]"""));

        Assert.Contains(error, problem, StringComparison.Ordinal);
    }

    private static IReadOnlyList<BinQuality> Bins(TinyProject project)
    {
        using var session = CompileSession.Open(project.Options(), SilentObserver.Instance, execute: false,
            TestContext.Current.CancellationToken);
        return LayerQualities.PerBin(ModelBuild.Run(session.Context, session.Sources, SilentObserver.Instance)!.Experts);
    }
}
