using QuantBuild.Compiler.Manifests;

namespace QuantBuild.Compiler.Planning;

/// <summary>A recipe without what only some layouts can hold, where it leaves the choice open.</summary>
internal static class LayoutRecipe
{
    /// <summary>
    /// The recipe as a layout has it: other runtimes do not rotate, or need one vector for a site, so that what is to be chosen is chosen
    /// already; and weights for inputs that nobody rounds are not made for rounded ones.
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
