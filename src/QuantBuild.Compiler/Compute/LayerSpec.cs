using System.Collections.Immutable;
using QuantBuild.Compiler.Allocation;
using QuantBuild.Compiler.Manifests;

namespace QuantBuild.Compiler.Compute;

/// <summary>A linear layer as arithmetic sees it.</summary>
/// <param name="Name">Full name, such as <c>blocks.3.ffn.2</c>.</param>
/// <param name="OutFeatures">Rows of its weight.</param>
/// <param name="InFeatures">Columns of its weight.</param>
/// <param name="Recipe">How it is quantized.</param>
internal sealed record LayerSpec(string Name, int OutFeatures, int InFeatures, LayerRecipe Recipe)
{
    private const double TrialAccuracy = 0.05;

    /// <summary>Rank of the branch that a rotation is tried with, where it is not the recipe's, and that a curve begins with;
    /// null where it is.</summary>
    public int? TrialRank { get; init; }

    /// <summary>The ranks at which <see cref="ILayerCompute.Curve"/> measures, ascending.</summary>
    public ImmutableArray<int> CurveRanks => RankChoice.Measured(TrialRank ?? Recipe.LowRank.Rank, Math.Min(OutFeatures, InFeatures));

    /// <summary>The layer with the largest rank that is measured, rounded by a refit whatever rounds it later.</summary>
    public LayerSpec Widest => this with
    {
        Recipe = Recipe.With(RecipeSettings.Rank, CurveRanks[^1]).With(RecipeSettings.WeightMethod, WeightMethod.Refit),
    };

    /// <summary>The branch that a rotation is tried with, of an accuracy that decides nothing else.</summary>
    public LowRankRecipe TrialBranch => Recipe.LowRank with { Rank = TrialRank ?? Recipe.LowRank.Rank, Accuracy = TrialAccuracy };

    /// <summary>Name of its weight tensor.</summary>
    public string WeightName => Name + ".weight";
}
