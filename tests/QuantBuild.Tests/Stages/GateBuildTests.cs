using QuantBuild.Compiler;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Gating;
using QuantBuild.Compiler.Stages;

namespace QuantBuild.Tests.Stages;

public sealed class GateBuildTests
{
    [Fact]
    public void Gates_that_a_build_fails_on_are_moved_without_running_anything_and_then_it_passes()
    {
        using var project = new TinyProject { Gates = """ "maxRelativeError": 0.001, /* kept */ "rules": [{ "match": "blocks.0.ffn.2", "bins": ["late"], "minCosine": 1 }] """ };
        Assert.Throws<DiagnosticException>(() => project.Build());
        CompileOptions options = project.Options();

        GateReport before = ModelCompiler.CheckGates(options, cancellation: TestContext.Current.CancellationToken);
        GateReport update = ModelCompiler.CheckGates(options, 0.1, TestContext.Current.CancellationToken);
        CompileResult build = ModelCompiler.Build(options, project.Output, SilentObserver.Instance, cancellation: TestContext.Current.CancellationToken);

        Assert.Equal(["QB3301", "QB3303"], before.Beyond.Select(diagnostic => diagnostic.Descriptor.Code).Distinct());
        Assert.All(update.Rows, row => Assert.False((row.Gate with { Limit = row.NewLimit!.Value }).IsExceededBy(row.Worst!.Value)));
        Assert.Contains("/* kept */", File.ReadAllText(project.Manifest));
        Assert.All(build.Actions, action => Assert.Equal(ActionOutcome.Cached, action.Outcome));
    }

    [Fact]
    public void Gates_of_what_was_never_built_are_an_error()
    {
        using var project = new TinyProject();

        DiagnosticException failure = Assert.Throws<DiagnosticException>(() => ModelCompiler.CheckGates(project.Options(), cancellation: TestContext.Current.CancellationToken));

        Assert.Equal("QB3320", failure.Diagnostics[0].Descriptor.Code);
    }

    [Fact]
    public void A_gate_that_matches_no_layer_is_an_error()
    {
        using var project = new TinyProject { Gates = """ "rules": [{ "match": "blocks.0.fnn.2", "minCosine": 0.1 }] """ };

        DiagnosticException failure = Assert.Throws<DiagnosticException>(() => project.Build());

        Assert.Equal(["QB1037"], failure.Diagnostics.Where(problem => problem.Descriptor.Severity == Severity.Error).Select(problem => problem.Descriptor.Code));
    }
}
