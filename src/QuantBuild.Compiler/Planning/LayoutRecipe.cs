using QuantBuild.Compiler.Manifests;

namespace QuantBuild.Compiler.Planning;

/// <summary>Resolves a recipe's open choices (rotation, sharing, noise) to what the output layout can store.</summary>
internal static class LayoutRecipe
{
    /// <summary>
    /// The recipe for a layout. Other runtimes do not rotate, and ModelSlim has one smoothing vector per site: `auto` becomes what they can
    /// do. Formats whose inputs are not rounded get weights that are not made for rounded inputs.
    /// </summary>
    public static LayerRecipe Of(OutputLayout layout, LayerRecipe recipe)
    {
        if (layout != OutputLayout.Native && recipe.Rotation == RotationMode.Auto)
            recipe = recipe.With(RecipeSettings.Rotation, RotationMode.None);
        if (layout == OutputLayout.ModelSlim && recipe.Smooth.Share == SmoothShare.Auto)
            recipe = recipe.With(RecipeSettings.Share, SmoothShare.Site);
        return layout is OutputLayout.BFloat16 or OutputLayout.Diffusers && recipe.Weights.Noise == NoiseModel.Modelled
            ? recipe.With(RecipeSettings.Noise, NoiseModel.Ignored)
            : recipe;
    }
}
