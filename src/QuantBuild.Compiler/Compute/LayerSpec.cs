using QuantBuild.Compiler.Manifests;

namespace QuantBuild.Compiler.Compute;

/// <summary>A linear layer as arithmetic sees it.</summary>
/// <param name="Name">Full name, such as <c>blocks.3.ffn.2</c>.</param>
/// <param name="OutFeatures">Rows of its weight.</param>
/// <param name="InFeatures">Columns of its weight.</param>
/// <param name="Recipe">How it is quantized.</param>
internal sealed record LayerSpec(string Name, int OutFeatures, int InFeatures, LayerRecipe Recipe)
{
    /// <summary>Rank of the branch that a rotation is tried with, where it is not the recipe's; null where it is.</summary>
    public int? TrialRank { get; init; }

    /// <summary>Name of its weight tensor.</summary>
    public string WeightName => Name + ".weight";
}
