using QuantBuild.Compiler.Actions;
using QuantBuild.Compiler.Build;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Operations;
using QuantBuild.Compiler.Suggestions;

namespace QuantBuild.Tests.Stages;

public sealed class SuggestBuildTests
{
    [Fact]
    public void What_is_suggested_is_built_as_predicted_within_the_size_and_needs_no_work_any_more()
    {
        using var project = new TinyProject();
        TinyProject.Outcome before = project.Build();
        long limit = before.Result.Bytes + 60_000;
        CompileOptions options = project.Options();

        SuggestionReport report = ModelCompiler.Suggest(options, new SuggestionGoal(limit, null, [12, 16], 0, CachedOnly: false),
            apply: true,
            SilentObserver.Instance, TestContext.Current.CancellationToken);
        CompileResult after = ModelCompiler.Build(options, project.Output, SilentObserver.Instance, TestContext.Current.CancellationToken);

        Assert.True(report.Applied);
        Assert.Equal(100, report.Pinned);
        Assert.NotEmpty(report.Changes);
        Assert.Equal(report.Predicted.MeanError, report.Built!.MeanError, 12);
        Assert.True(report.Built.MeanError < report.Now.MeanError);
        Assert.InRange(report.Built.Bytes, before.Result.Bytes, limit);
        Assert.Equal(report.Built.Bytes, after.Bytes);
        Assert.All(after.Actions, action => Assert.Equal(ActionOutcome.Cached, action.Outcome));
    }

    [Fact]
    public void A_suggestion_beats_the_uniform_choice_of_the_same_size()
    {
        using var uniform = new TinyProject { Overrides = """{ "match": "blocks.0.*", "lowRank": { "rank": 12 } }""" };
        TinyProject.Outcome same = uniform.Build();
        using var project = new TinyProject { Store = uniform.Store };
        var goal = new SuggestionGoal(same.Result.Bytes, null, [4, 12, 16, 24], 0, CachedOnly: false);

        SuggestionReport report = ModelCompiler.Suggest(project.Options(), goal, apply: true, SilentObserver.Instance,
            TestContext.Current.CancellationToken);
        CompileResult built = ModelCompiler.Build(new CompileOptions(project.Manifest, project.Store, project.Threads), project.Output,
            SilentObserver.Instance, cancellation: TestContext.Current.CancellationToken);

        // Only ranks differ, and no layer gets 16-bit activations: bytes alone buy the difference.
        Assert.Equal(same.Result.Layers.Count, built.Layers.Count);
        Assert.InRange(built.Bytes, 1, same.Result.Bytes);
        double error = built.Layers.Average(layer => layer.Recipe);
        Assert.True(error < 0.995 * same.Result.Layers.Average(layer => layer.Recipe),
            $"{error} against {same.Result.Layers.Average(layer => layer.Recipe)} of {report.Built}");
    }

    [Fact]
    public void Without_a_size_and_a_target_the_artifact_keeps_its_size_and_ranks_move()
    {
        using var project = new TinyProject();
        TinyProject.Outcome before = project.Build();

        SuggestionReport report = ModelCompiler.Suggest(project.Options(), new SuggestionGoal(null, null, [], 0, CachedOnly: false),
            apply: false, SilentObserver.Instance, TestContext.Current.CancellationToken);

        Assert.InRange(report.Built!.Bytes, before.Result.Bytes - 20_000, before.Result.Bytes);
        Assert.True(report.Built.MeanError < report.Now.MeanError);
        Assert.Contains(report.Changes, change => change.Then.Rank < change.Now.Rank);
        Assert.Contains(report.Changes, change => change.Then.Rank > change.Now.Rank);
        Assert.Equal(report.Now.Share16Bit, report.Built.Share16Bit, 12);
    }

    [Fact]
    public void A_layer_whose_rank_a_budget_decides_is_left_alone()
    {
        using var project = new TinyProject { Overrides = """{ "match": "blocks.0.*", "lowRank": { "rank": "auto" } }""" };

        SuggestionReport report = ModelCompiler.Suggest(project.Options(), new SuggestionGoal(null, 0.9, [4], 0, CachedOnly: false),
            apply: false, SilentObserver.Instance, TestContext.Current.CancellationToken);

        Assert.Equal(120, report.Pinned);
        Assert.Empty(report.Changes);
    }

    [Fact]
    public void Nothing_is_executed_when_that_is_asked_for()
    {
        using var project = new TinyProject();
        project.Build();
        byte[] manifest = File.ReadAllBytes(project.Manifest);
        var goal = new SuggestionGoal(null, 0.001, [12], 1, CachedOnly: true);

        SuggestionReport report = ModelCompiler.Suggest(project.Options(), goal, apply: false, SilentObserver.Instance,
            TestContext.Current.CancellationToken);

        Assert.Null(report.Built);
        Assert.All(report.Changes, change => Assert.Equal(Precision.BF16, change.Then.Precision));
        Assert.True(report.Predicted.MeanError <= 0.001);
        Assert.Equal(manifest, File.ReadAllBytes(project.Manifest));
    }

    [Fact]
    public void A_size_below_the_smallest_and_a_target_below_the_best_are_errors()
    {
        using var project = new TinyProject();
        project.Build();

        foreach (SuggestionGoal goal in (SuggestionGoal[])[new(1000, null, [12], 0, CachedOnly: true),
            new(null, 0.000001, [12], 0, CachedOnly: true)])
        {
            DiagnosticException failure = Assert.Throws<DiagnosticException>(() =>
                ModelCompiler.Suggest(project.Options(), goal, apply: false, SilentObserver.Instance,
                    TestContext.Current.CancellationToken));
            Assert.Equal("QB3330", failure.Diagnostics[0].Descriptor.Code);
        }
    }
}
