using QuantBuild.Compiler.Manifests;

namespace QuantBuild.BackendTests;

/// <summary>Recipes of made-up layers.</summary>
internal static class Recipes
{
    /// <summary>The paper's: channels as they lie, exponents by the floor rule.</summary>
    public static LayerRecipe Of(int rank = 5, Precision precision = Precision.W4A4, WeightMethod method = WeightMethod.Gptq) =>
        LayerRecipe.Default.With(RecipeSettings.Precision, precision).With(RecipeSettings.Rank, rank)
            .With(RecipeSettings.WeightMethod, method)
            .With(RecipeSettings.Order, WeightOrder.Channel).With(RecipeSettings.Exponents, BlockExponents.Floor);
}
