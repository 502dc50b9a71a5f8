using QuantBuild.Compiler.Manifests;

namespace QuantBuild.BackendTests;

/// <summary>Recipes of made-up layers.</summary>
internal static class Recipes
{
    /// <summary>The default with another rank.</summary>
    public static LayerRecipe Of(int rank = 5, Precision precision = Precision.W4A4, WeightMethod method = WeightMethod.Gptq) =>
        LayerRecipe.Default.With(RecipeSettings.Precision, precision).With(RecipeSettings.Rank, rank)
            .With(RecipeSettings.WeightMethod, method);
}
