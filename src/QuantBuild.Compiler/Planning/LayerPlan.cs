using QuantBuild.Compiler.Compute;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Models.Wan;

namespace QuantBuild.Compiler.Planning;

/// <summary>One quantizable linear layer.</summary>
/// <param name="Block">Index of its block.</param>
/// <param name="Site">The activation it reads.</param>
/// <param name="Name">Full name, such as <c>blocks.3.ffn.2</c>.</param>
/// <param name="OutFeatures">Rows of its weight.</param>
/// <param name="InFeatures">Columns of its weight.</param>
/// <param name="Recipe">How it is quantized.</param>
/// <param name="Reason">Why: "default", or the overrides that decided it, for people.</param>
internal sealed record LayerPlan(int Block, WanSite Site, string Name, int OutFeatures, int InFeatures, LayerRecipe Recipe, string Reason)
{
    /// <summary>Name of its weight tensor.</summary>
    public string WeightName => Name + ".weight";

    /// <summary>
    /// The rank that it had before one was chosen for it under a budget of bytes; null where the manifest gives its rank.
    /// </summary>
    public int? StartRank { get; init; }

    /// <summary>The layer as its arithmetic sees it.</summary>
    internal LayerSpec Spec => new(Name, OutFeatures, InFeatures, Recipe) { TrialRank = StartRank };
}
