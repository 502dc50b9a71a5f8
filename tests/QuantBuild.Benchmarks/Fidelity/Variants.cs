using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Planning;

namespace QuantBuild.Benchmarks.Fidelity;

/// <summary>What is compared: the committed manifest with some of its settings changed, from nothing new to everything.</summary>
internal static class Variants
{
    /// <summary>All of them, in the order of the table.</summary>
    public static IReadOnlyList<(string Name, Func<LayerRecipe, LayerRecipe> Change)> All { get; } =
    [
        ("one vector per site, SVD, GPTQ", recipe => Old(recipe).With(RecipeSettings.Share, SmoothShare.Site)),
        ("a vector per layer", Old),
        ("+ shared where it costs nothing", recipe => Old(recipe).With(RecipeSettings.Share, SmoothShare.Auto)),
        ("+ activation order", Ordered),
        ("+ exponents by error", recipe => Ordered(recipe).With(RecipeSettings.Exponents, BlockExponents.Error)),
        ("+ refit, 6 rounds, noise ignored", recipe => Refit(recipe).With(RecipeSettings.Noise, NoiseModel.Ignored)),
        ("+ noise modelled, 0 rounds", recipe => Refit(recipe).With(RecipeSettings.Rounds, 0)),
        ("+ noise modelled, 2 rounds", recipe => Refit(recipe).With(RecipeSettings.Rounds, 2)),
        ("+ noise modelled, 6 rounds", Refit),
        ("  the same with ridge 1", recipe => Refit(recipe).With(RecipeSettings.Ridge, 1)),
        ("  the same with ridge 10", recipe => Refit(recipe).With(RecipeSettings.Ridge, 10)),
        ("+ Hadamard everywhere", recipe => Refit(recipe).With(RecipeSettings.Rotation, RotationMode.Hadamard32)),
        ("Hadamard where it measures better", recipe => Refit(recipe).With(RecipeSettings.Rotation, RotationMode.Auto)),
        (Budget, recipe => Refit(recipe).With(RecipeSettings.Rotation, RotationMode.Auto)),
        ("Hadamard alone, SVD, GPTQ", recipe => Old(recipe).With(RecipeSettings.Rotation, RotationMode.Auto)),
    ];

    /// <summary>The variant whose ranks are chosen under the bytes of rank 16.</summary>
    public const string Budget = "+ ranks by measured curves";

    /// <summary>A plan with ranks left to a budget of the bytes that they take now.</summary>
    public static Plan Budgeted(Plan plan) => plan with
    {
        Experts = [.. plan.Experts.Select(expert => expert with
        {
            Layers = [.. expert.Layers.Select(layer => layer with { StartRank = layer.Recipe.LowRank.Rank })],
        })],
    };

    /// <summary>A plan with changed recipes.</summary>
    public static Plan Of(Plan plan, Func<LayerRecipe, LayerRecipe> change) => plan with
    {
        Experts = [.. plan.Experts.Select(expert => expert with
        {
            Layers = [.. expert.Layers.Select(layer => layer with { Recipe = change(layer.Recipe) })],
        })],
    };

    private static LayerRecipe Old(LayerRecipe recipe) => recipe.With(RecipeSettings.Share, SmoothShare.Layer)
        .With(RecipeSettings.Rotation, RotationMode.None).With(RecipeSettings.WeightMethod, WeightMethod.Gptq)
        .With(RecipeSettings.Order, WeightOrder.Channel).With(RecipeSettings.Exponents, BlockExponents.Floor);

    private static LayerRecipe Ordered(LayerRecipe recipe) => Old(recipe).With(RecipeSettings.Share, SmoothShare.Auto)
        .With(RecipeSettings.Order, WeightOrder.Activation);

    private static LayerRecipe Refit(LayerRecipe recipe) => Ordered(recipe).With(RecipeSettings.Exponents, BlockExponents.Error)
        .With(RecipeSettings.WeightMethod, WeightMethod.Refit);
}
