using QuantBuild.Compiler.Actions;
using QuantBuild.Compiler.Build;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Evaluation;
using QuantBuild.Compiler.Gating;
using QuantBuild.Compiler.Operations;

namespace QuantBuild.Tests.Stages;

public sealed class GateBuildTests
{
    [Fact]
    public void Gates_that_a_build_fails_on_are_moved_without_running_anything_and_then_it_passes()
    {
        using var project =
            new TinyProject { Gates =
                """ "maxRelativeError": 0.001, /* kept */ "rules": [{ "match": "blocks.0.ffn.2", "bins": ["late"], "minCosine": 1 }] """ };
        Assert.Throws<DiagnosticException>(() => project.Build());
        CompileOptions options = project.Options();

        GateReport before = ModelCompiler.CheckGates(options, cancellation: TestContext.Current.CancellationToken);
        GateReport update = ModelCompiler.CheckGates(options, 0.1, TestContext.Current.CancellationToken);
        CompileResult build = ModelCompiler.Build(options, project.Output, SilentObserver.Instance,
            cancellation: TestContext.Current.CancellationToken);

        Assert.Equal(["QB3301", "QB3303"], before.Beyond.Select(diagnostic => diagnostic.Descriptor.Code).Distinct());
        Assert.All(update.Rows, row => Assert.False((row.Gate with { Limit = row.NewLimit!.Value }).IsExceededBy(row.Worst!.Value)));
        Assert.Contains("/* kept */", File.ReadAllText(project.Manifest));
        Assert.All(build.Actions, action => Assert.Equal(ActionOutcome.Cached, action.Outcome));
    }

    [Fact]
    public void Each_gate_speaks_for_its_pattern_bin_and_metric_at_its_own_line()
    {
        using var project = new TinyProject
        {
            Gates = """

                "rules": [
                  { "match": "blocks.0.ffn.2", "experts": ["low_noise"], "bins": ["late"], "maxRelativeError": 0.0001 },
                  { "match": "blocks.0.self_attn.*", "experts": ["high_noise"], "maxErrorVsRtn": 0.0001, "severity": "warning" },
                  { "match": "blocks.0.cross_attn.o",
                    "minCosine": 1 },
                  { "match": "blocks.0.ffn.0", "maxRelativeError": 0.9 }
                ]
                """,
        };
        var warnings = new Warnings();

        DiagnosticException failure = Assert.Throws<DiagnosticException>(() => project.Build(warnings));

        string[] lines = File.ReadAllLines(project.Manifest);
        Diagnostic[] all =
            [.. failure.Diagnostics, .. warnings.Reported.Where(warning => warning.Descriptor == Descriptors.GateErrorVsRtnWarning)];
        Assert.Equal(["QB3301", "QB3303", "QB3312"], all.Select(problem => problem.Descriptor.Code).Distinct()
            .Order(StringComparer.Ordinal));
        Assert.All(all, problem => Assert.EndsWith(
            problem.Descriptor == Descriptors.GateRelativeError ? "\"maxRelativeError\": " : problem.Descriptor == Descriptors.GateCosine
                ? "\"minCosine\": "
                : "\"maxErrorVsRtn\": ",
            lines[problem.Span!.Value.Line - 1][..(problem.Span.Value.Column - 1)], StringComparison.Ordinal));
        Diagnostic relative = Assert.Single(failure.Diagnostics, problem => problem.Descriptor == Descriptors.GateRelativeError);
        Assert.Equal("low_noise blocks.0.ffn.2 in bin late", relative.Arguments[0]);
        Assert.All(failure.Diagnostics.Where(problem => problem != relative), problem =>
            Assert.Contains("blocks.0.cross_attn.o", (string)problem.Arguments[0]!, StringComparison.Ordinal));
        Assert.All(all.Where(problem => problem.Descriptor == Descriptors.GateErrorVsRtnWarning), warning =>
            Assert.StartsWith("high_noise blocks.0.self_attn.", (string)warning.Arguments[0]!, StringComparison.Ordinal));
        Assert.DoesNotContain(failure.Diagnostics.Concat(warnings.Reported), problem => problem.ToString()
            .Contains("ffn.0", StringComparison.Ordinal));
    }

    [Fact]
    public void A_gate_on_the_final_latents_waits_for_an_evaluation_and_then_holds_for_builds()
    {
        using var project = new TinyProject { Gates = """ "maxFinalLatentError": 0.0001 """ };
        project.Build(); // nothing is known of final latents yet

        EvaluationReport evaluation = ModelCompiler.Evaluate(project.Options(),
            new EvaluationOptions(TestData.TinyWan("eval.jsonl"), 1), SilentObserver.Instance, TestContext.Current.CancellationToken);
        double measured = evaluation.Rows.Single(row => row.Method == EvaluationReport.Ours).Latent.Error;
        Diagnostic atOnce = Assert.Single(evaluation.Beyond);
        Diagnostic later = Assert.Single(Assert.Throws<DiagnosticException>(() => project.Build()).Diagnostics);
        GateReport update = ModelCompiler.CheckGates(project.Options(), 0.1, TestContext.Current.CancellationToken);

        Assert.InRange(measured, 0.001, 2);
        Assert.Equal((Descriptors.GateFinalLatent, Descriptors.GateFinalLatent), (atOnce.Descriptor, later.Descriptor));
        Assert.Equal(atOnce.ToString(), later.ToString());
        Assert.InRange(update.Rows.Single().NewLimit!.Value, measured * 1.09, measured * 1.12);
        CompileResult passes = ModelCompiler.Build(new CompileOptions(project.Manifest, project.Store, project.Threads), project.Output,
            SilentObserver.Instance, cancellation: TestContext.Current.CancellationToken);
        Assert.All(passes.Actions, action => Assert.Equal(ActionOutcome.Cached, action.Outcome));
    }

    [Fact]
    public void Gates_of_what_was_never_built_are_an_error()
    {
        using var project = new TinyProject();

        DiagnosticException failure =
            Assert.Throws<DiagnosticException>(() =>
                ModelCompiler.CheckGates(project.Options(), cancellation: TestContext.Current.CancellationToken));

        Assert.Equal("QB3320", failure.Diagnostics[0].Descriptor.Code);
    }

    [Fact]
    public void A_gate_that_matches_no_layer_is_an_error()
    {
        using var project = new TinyProject { Gates = """ "rules": [{ "match": "blocks.0.fnn.2", "minCosine": 0.1 }] """ };

        DiagnosticException failure = Assert.Throws<DiagnosticException>(() => project.Build());

        Assert.Equal(["QB1037"], failure.Diagnostics.Where(problem => problem.Descriptor.Severity == Severity.Error)
            .Select(problem => problem.Descriptor.Code));
    }
}
