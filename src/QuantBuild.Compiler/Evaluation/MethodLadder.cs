using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Planning;

namespace QuantBuild.Compiler.Evaluation;

/// <summary>The methods of the paper's Table I as plans derived from the manifest's own.</summary>
internal static class MethodLadder
{
    /// <summary>The methods for a plan: of one with bins that leave activations as they are, also how it would be without these.</summary>
    public static IEnumerable<(string Method, Func<Plan, Plan> Derive)> For(Plan plan) => Methods.Where(method =>
        method.Method != Rounding || plan.Experts.Any(expert => expert.Bins.Any(bin => bin.KeepsActivations)));

    private const string Rounding = "ours-rounded";

    /// <summary>Every quantized method in the order of Table I.</summary>
    private static IReadOnlyList<(string Method, Func<Plan, Plan> Derive)> Methods { get; } =
    [
        ("rtn", plan => WithRecipes(plan, recipe => Rounded(recipe, WeightMethod.Rtn)
            .With(RecipeSettings.SmoothEnabled, value: false).With(RecipeSettings.Rank, 0))),
        ("svdquant+rtn", plan => WithRecipes(plan, recipe => Rounded(recipe, WeightMethod.Rtn))),
        ("svdquant+gptq", plan => WithRecipes(plan, recipe => Rounded(recipe, WeightMethod.Gptq))),
        (Rounding, RoundEverywhere),
        ("ours", plan => plan),
        ("ours-dagger", KeepFragile),
    ];

    /// <summary>One method of rounding, and nothing to search.</summary>
    private static LayerRecipe Rounded(LayerRecipe recipe, WeightMethod method) => recipe.With(RecipeSettings.WeightMethod, method)
        .With(RecipeSettings.Order, WeightOrder.Channel).With(RecipeSettings.Exponents, BlockExponents.Floor)
        .With(RecipeSettings.Rotation, RotationMode.None)
        .With(RecipeSettings.Granularity, ClipGranularity.Block).With(RecipeSettings.ClipRatios, [1.0])
        .With(RecipeSettings.ExponentOffsets, [0]);

    private static Plan WithRecipes(Plan plan, Func<LayerRecipe, LayerRecipe> change) => plan with
    {
        Experts = [.. plan.Experts.Select(expert => expert with
        {
            Bins = [.. expert.Bins.Select(bin => bin with { ClipRatios = null })],
            Layers = [.. expert.Layers.Select(layer => layer with { Recipe = change(layer.Recipe), StartRank = null })],
        })],
    };

    private static Plan RoundEverywhere(Plan plan) => plan with
    {
        Experts = [.. plan.Experts.Select(expert => expert with
        {
            Bins = [.. expert.Bins.Select(bin => bin with { KeepsActivations = false })],
        })],
    };

    /// <summary>The paper's dagger variant: <c>self_attn.o</c> and <c>ffn.2</c>, the most fragile modules, stay as they are.</summary>
    private static Plan KeepFragile(Plan plan) => plan with { Experts = [.. plan.Experts.Select(KeepFragile)] };

    private static ExpertPlan KeepFragile(ExpertPlan expert) => expert with
    {
        Layers = [.. expert.Layers.Select(layer => IsFragile(layer)
            ? layer with { Recipe = layer.Recipe.With(RecipeSettings.Precision, Precision.BF16) }
            : layer)],
        KeptTensors = [.. expert.KeptTensors.Union(expert.Layers.Where(IsFragile).Select(layer => layer.WeightName), StringComparer.Ordinal)
            .Order(StringComparer.Ordinal)],
    };

    private static bool IsFragile(LayerPlan layer) =>
        layer.Name.EndsWith(".self_attn.o", StringComparison.Ordinal) || layer.Name.EndsWith(".ffn.2", StringComparison.Ordinal);
}
