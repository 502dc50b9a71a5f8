using System.Collections.Immutable;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Manifests;

namespace QuantBuild.Compiler.Planning;

/// <summary>The ranks that layers whose rank a budget decides begin with: one for all, as large as the budget allows.</summary>
internal static class RankStart
{
    /// <summary>The rank that a budget of its own stands for, where the manifest gives no bytes.</summary>
    public const int Usual = 16;

    private const int Most = 4096;

    /// <summary>Both experts with the starting ranks. Layers with the same budget share it.</summary>
    /// <param name="experts">Both experts as planned.</param>
    /// <param name="manifest">The manifest.</param>
    /// <param name="problems">Receives what is wrong.</param>
    public static ImmutableArray<ExpertPlan> Of(ImmutableArray<ExpertPlan> experts, QuantManifest manifest,
        ICollection<Diagnostic> problems)
    {
        foreach (long budget in BudgetsOf(experts).Where(budget => budget > 0))
        {
            long least = Bytes(experts, budget, 0);
            if (least > budget)
            {
                problems.Add(Descriptors.RankBudgetTooSmall.At(
                    manifest.QuantizePatch.Spans.GetValueOrDefault(RecipeSettings.Budget, new SourceSpan(manifest.Path)), budget, least));
                continue;
            }
            int rank = 0;
            while (rank < Most && Bytes(experts, budget, rank + 1) is var more && more <= budget && more > Bytes(experts, budget, rank))
                rank++;
            experts = With(experts, budget, layer => RankOf(layer, rank));
        }
        return experts;
    }

    /// <summary>The budgets of a plan: bytes, or 0 for what rank 16 would take.</summary>
    public static IEnumerable<long> BudgetsOf(IEnumerable<ExpertPlan> experts) => experts.SelectMany(expert => expert.Layers)
        .Where(layer => layer.StartRank is not null).Select(layer => layer.Recipe.Get(RecipeSettings.Budget)).Distinct().Order();

    /// <summary>The rank that a layer has where all have one, as its shape allows.</summary>
    public static int RankOf(LayerPlan layer, int rank) => Math.Min(rank, Math.Min(layer.OutFeatures, layer.InFeatures));

    private static long Bytes(ImmutableArray<ExpertPlan> experts, long budget, int rank) => experts.Sum(expert => expert.Layers
        .Where(layer => layer.StartRank is not null && layer.Recipe.Get(RecipeSettings.Budget) == budget)
        .Sum(layer => LayerSize.Of(expert, layer with
        {
            Recipe = layer.Recipe.With(RecipeSettings.Rank, RankOf(layer, rank)),
        }).Total));

    private static ImmutableArray<ExpertPlan> With(ImmutableArray<ExpertPlan> experts, long budget, Func<LayerPlan, int> rank) =>
        [.. experts.Select(expert => expert with
        {
            Layers = [.. expert.Layers.Select(layer => layer.StartRank is null || layer.Recipe.Get(RecipeSettings.Budget) != budget ? layer
                : layer with { Recipe = layer.Recipe.With(RecipeSettings.Rank, rank(layer)), StartRank = rank(layer) })],
        })];
}
