using QuantBuild.Compiler.Actions;
using QuantBuild.Compiler.Build;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Operations;

namespace QuantBuild.Tests.Stages;

public sealed class ExplanationTests
{
    [Fact]
    public void Before_a_build_it_names_the_part_of_the_key_that_changed()
    {
        using var project = new TinyProject();
        project.Build();
        project.Overrides = """{ "match": "blocks.0.ffn.2", "experts": ["low_noise"], "lowRank": { "rank": 12 } }""";

        IReadOnlyList<WhyReport> reports = ModelCompiler.Why(project.Options(), "blocks.0.ffn.2", TestContext.Current.CancellationToken);

        WhyReport low = Assert.Single(reports, report => report.Expert == "low_noise");
        WhyReport.Action lowRank = Assert.Single(low.Actions, action => action.Now.Stage == "LowRank");
        Assert.Equal(ActionOutcome.Missing, lowRank.Now.Outcome);
        Assert.Equal([new WhyReport.Change("options.rank", "8", "12")], lowRank.Changes);
        WhyReport high = Assert.Single(reports, report => report.Expert == "high_noise");
        Assert.All(high.Actions, action => Assert.Empty(action.Changes));
    }

    [Fact]
    public void After_a_build_it_still_says_what_that_build_changed()
    {
        using var project = new TinyProject();
        project.Build();
        project.Weights = """ "method": "gptq", "damp": 0.05 """;
        project.Build();

        WhyReport.Action gptq = ModelCompiler.Why(project.Options(), "blocks.0.ffn.2", TestContext.Current.CancellationToken)[0].Actions
            .Single(action => action.Now.Stage == "Gptq");

        Assert.Equal(ActionOutcome.Cached, gptq.Now.Outcome);
        Assert.Equal([new WhyReport.Change("options.damp", "0.01", "0.05")], gptq.Changes);
    }

    [Fact]
    public void An_unknown_layer_is_an_error()
    {
        using var project = new TinyProject();

        DiagnosticException failure =
            Assert.Throws<DiagnosticException>(() =>
                ModelCompiler.Why(project.Options(), "blocks.0.ffn.3", TestContext.Current.CancellationToken));

        Assert.Equal("QB0201", failure.Diagnostics[0].Descriptor.Code);
    }

    [Fact]
    public void A_plan_says_what_would_run_without_running_it()
    {
        using var project = new TinyProject();

        PlanReport before = ModelCompiler.Plan(project.Options(), SilentObserver.Instance, TestContext.Current.CancellationToken);
        TinyProject.Outcome build = project.Build();
        PlanReport after = ModelCompiler.Plan(project.Options(), SilentObserver.Instance, TestContext.Current.CancellationToken);

        Assert.All(before.Actions, action => Assert.Equal(ActionOutcome.Missing, action.Outcome));
        Assert.Equal(build.Result.Actions.Select(BuildHistory.IdentityOf), before.Actions.Select(BuildHistory.IdentityOf));
        Assert.All(after.Actions, action => Assert.Equal(ActionOutcome.Cached, action.Outcome));
        Assert.InRange(build.Result.Bytes, after.ArtifactBytes, after.ArtifactBytes * 1.05);
        Assert.Equal(0, after.StoreBytes);
        Assert.True(before.StoreBytes > 0 && before.PeakBytes > 0);
    }

    [Fact]
    public void Recomputing_gives_the_same_bytes()
    {
        using var project = new TinyProject();
        project.Build();

        RecomputeReport report = ModelCompiler.Recompute(project.Options(), 0.2, 7, SilentObserver.Instance,
            TestContext.Current.CancellationToken);

        Assert.InRange(report.Checked, report.Total / 6, report.Total / 4);
        Assert.Empty(report.Different);
    }
}
