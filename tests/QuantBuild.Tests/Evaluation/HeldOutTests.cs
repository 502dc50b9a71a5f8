using QuantBuild.Compiler.Actions;
using QuantBuild.Compiler.Build;
using QuantBuild.Compiler.Evaluation;
using QuantBuild.Compiler.Operations;
using QuantBuild.Tests.Stages;

namespace QuantBuild.Tests.Evaluation;

public sealed class HeldOutTests
{
    private const string FourSteps = """ "solver": "euler", "timesteps": [1000, 937, 833, 625] """;

    [Fact]
    public void On_the_tokens_of_calibration_itself_nothing_flatters()
    {
        using var project = new TinyProject { Steps = FourSteps };

        EvaluationReport report = Evaluate(project, new EvaluationOptions(TestData.TinyWan("calibration.jsonl"), 2, HeldOutTokens: 48));

        Assert.All(report.Rows, row => Assert.Equal(row.Calibrated.All, row.HeldOut!.All));
        Assert.All(report.Rows.Skip(1), row => Assert.Equal(0.0, row.Flatters));
        Assert.Null(report.Rows[0].Flatters);
        Assert.All(report.Layers, layer => Assert.Equal(layer.Calibrated, layer.HeldOut));
    }

    [Fact]
    public void Layers_are_measured_on_samples_that_no_build_has_seen_and_samples_run_as_often_as_asked()
    {
        using var project = new TinyProject { Steps = FourSteps };
        var asked = new EvaluationOptions(TestData.TinyWan("eval.jsonl"), 1, HeldOutTokens: 16, Repeats: 2);

        EvaluationReport report = Evaluate(project, asked);

        Assert.All(report.Rows.Skip(1), row => Assert.NotEqual(row.Calibrated.All, row.HeldOut!.All));
        Assert.Equal(20, report.Layers.Count);
        Assert.All(report.Layers, layer => Assert.InRange(layer.HeldOut, 0.5 * layer.Calibrated, 3 * layer.Calibrated));
        Assert.All(report.Layers, layer =>
        {
            Assert.Equal(8, layer.Rank);
            // The branch is the best of its rank, but for rounding to bfloat16 and what the iteration may miss.
            Assert.InRange(layer.Spectrum.Held, 0.98 * layer.Spectrum.MostHeld(8)!.Value, layer.Spectrum.MostHeld(8)!.Value + 1e-4);
            Assert.Equal(layer.Spectrum.Singular.OrderDescending(), layer.Spectrum.Singular);
            Assert.InRange(layer.Spectrum.Singular.Sum(value => value * value), 0, 1.0001 * layer.Spectrum.Energy);
        });
        Assert.All(report.Rows.Skip(1), row => Assert.InRange(row.Latent.Spread!.Value, 1e-9, 0.5 * row.Latent.Error));
        EvaluationReport once = Evaluate(project, asked with { Repeats = 1 });
        Assert.Null(once.Rows[1].Latent.Spread);
        Assert.NotEqual(once.Rows[1].Latent.Error, report.Rows[1].Latent.Error);
    }

    [Fact]
    public void The_report_page_has_what_was_found_of_every_layer()
    {
        using var project = new TinyProject { Steps = FourSteps };
        EvaluationReport report = Evaluate(project, new EvaluationOptions(TestData.TinyWan("eval.jsonl"), 1, HeldOutTokens: 16));
        using var session = CompileSession.Open(project.Options(), SilentObserver.Instance, execute: false,
            TestContext.Current.CancellationToken);

        RememberedEvaluation found = EvaluationHistory.Load(session.Store, session.Plan)!;

        Assert.Equal(report.Layers.Select(layer => (layer.Expert, layer.Layer, layer.HeldOut)),
            found.Layers.Select(layer => (layer.Expert, layer.Name, layer.HeldOut)));
        Assert.Equal(report.Layers.Select(layer => layer.Spectrum.Held), found.Layers.Select(layer => layer.Spectrum.Held));
        Assert.Equal(report.Rows.Select(row => row.HeldOut?.All), found.Rows.Select(row => row.HeldOut));
    }

    private static EvaluationReport Evaluate(TinyProject project, EvaluationOptions options) =>
        ModelCompiler.Evaluate(project.Options(), options, SilentObserver.Instance, TestContext.Current.CancellationToken);
}
