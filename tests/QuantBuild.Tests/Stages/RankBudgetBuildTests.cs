using QuantBuild.Artifacts;
using QuantBuild.Compiler.Actions;
using QuantBuild.Compiler.Artifacts;
using QuantBuild.Compiler.Build;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Operations;
using QuantBuild.Compiler.Planning;

namespace QuantBuild.Tests.Stages;

/// <summary><c>"rank": "auto"</c>: ranks that a build chooses.</summary>
public sealed class RankBudgetBuildTests
{
    private const string Auto = """{ "match": "blocks.0.*", "lowRank": { "rank": "auto" } }""";

    [Fact]
    public void Ranks_are_chosen_within_the_bytes_of_rank_16_and_errors_fall()
    {
        using var uniform = Project("""{ "match": "blocks.0.*", "lowRank": { "rank": 16 } }""");
        TinyProject.Outcome before = uniform.Build();
        using var project = Project(Auto);
        project.Store = uniform.Store;

        TinyProject.Outcome build = project.Build();

        using ModelArtifact artifact = ModelArtifact.Open(project.Output);
        int[] ranks = [.. artifact.Descriptor.Experts.Values.SelectMany(expert => expert.Layers.Values).Where(layer => layer.IsQuantized)
            .Select(layer => layer.Rank)];
        Assert.Equal(20, ranks.Length);
        Assert.True(ranks.Distinct().Count() > 3, string.Join(' ', ranks));
        // Headers name shapes, which take a few characters more or less.
        Assert.InRange(build.Result.Bytes, before.Result.Bytes - 3000, before.Result.Bytes + 200);
        double error = build.Result.Layers.Average(layer => layer.Recipe),
            uniformError = before.Result.Layers.Average(layer => layer.Recipe);
        Assert.True(error < uniformError, $"{error} after {uniformError}");
        Assert.Equal(20, build.Ran.Count(action => action.Stage == "Curve"));
        Assert.All(project.Build().Result.Actions, action => Assert.Equal(ActionOutcome.Cached, action.Outcome));
    }

    [Fact]
    public void The_lock_has_the_ranks_and_holds_for_any_number_of_threads()
    {
        using var one = Project(Auto);
        one.Threads = 1;
        one.Build();
        using var three = Project(Auto);
        three.Threads = 3;
        three.Build();

        Assert.Equal(one.ArtifactDigests(), three.ArtifactDigests());
        LockFile locked = LockFile.Read(LockFile.PathFor(one.Manifest))!;
        Assert.Contains(locked.Experts.SelectMany(expert => expert.Layers), layer =>
            (int?)layer.Recipe["rank"] is { } rank and not 16);
        one.Build(locked: true);
    }

    [Fact]
    public void A_plan_begins_with_one_rank_and_lists_what_chooses_and_after_a_build_it_has_the_ranks()
    {
        using var project = Project(Auto);

        PlanReport before = ModelCompiler.Plan(project.Options(), SilentObserver.Instance, TestContext.Current.CancellationToken);
        project.Build();
        PlanReport after = ModelCompiler.Plan(project.Options(), SilentObserver.Instance, TestContext.Current.CancellationToken);

        Assert.Equal([16], RanksOf(before.Plan).Distinct());
        Assert.Equal(20, before.Actions.Count(action => action.Stage == "Curve"));
        Assert.True(RanksOf(after.Plan).Distinct().Count() > 3);
        Assert.All(after.Actions, action => Assert.Equal(ActionOutcome.Cached, action.Outcome));
        Assert.Equal(PlanDigest.Of(before.Plan), PlanDigest.Of(after.Plan));
    }

    [Fact]
    public void A_budget_begins_with_the_largest_rank_that_all_layers_can_have_and_one_that_is_too_small_is_an_error()
    {
        using var project = Project("""{ "match": "blocks.0.*", "lowRank": { "rank": "auto", "budget": "700KiB" } }""");
        PlanReport plan = ModelCompiler.Plan(project.Options(), SilentObserver.Instance, TestContext.Current.CancellationToken);
        long bytes = plan.Plan.Experts.Sum(expert => expert.Layers.Where(layer => layer.StartRank is not null)
            .Sum(layer => LayerSize.Of(expert, layer).Total));

        Assert.Single(RanksOf(plan.Plan).Distinct());
        Assert.InRange(bytes, (700 << 10) - 20_000, 700 << 10);
        using var small = Project("""{ "match": "blocks.0.*", "lowRank": { "rank": "auto", "budget": 1000 } }""");
        DiagnosticException failure = Assert.Throws<DiagnosticException>(() =>
            ModelCompiler.Plan(small.Options(), SilentObserver.Instance, TestContext.Current.CancellationToken));
        Assert.Equal("QB1055",
            Assert.Single(failure.Diagnostics, problem => problem.Descriptor.Severity == Severity.Error).Descriptor.Code);
    }

    private static TinyProject Project(string overrides) => new()
    {
        Weights = """ "method": "refit", "rounds": 1 """,
        WeightsBefore = "",
        Quantize = "",
        Overrides = overrides,
    };

    private static IEnumerable<int> RanksOf(Plan plan) => plan.Experts.SelectMany(expert => expert.Layers)
        .Where(layer => layer.StartRank is not null).Select(layer => layer.Recipe.LowRank.Rank);
}
