using QuantBuild.Compiler.Actions;
using QuantBuild.Compiler.Manifests;

namespace QuantBuild.Compiler.Stages;

/// <summary>Settings of recipes in the keys of stages: under the table's name, spelled as it says, where the recipe uses them.</summary>
internal static class RecipeOption
{
    /// <summary>A setting in the key of a layer's action.</summary>
    /// <param name="setting">The setting.</param>
    /// <param name="compared">False for what only repeats another stage's when two builds are compared.</param>
    /// <param name="perAction">As in <see cref="StageOption"/>.</param>
    public static StageOption<LayerSubject> Of(RecipeSetting setting, bool compared = true, bool perAction = false) =>
        Of<LayerSubject>(setting, subject => subject.Layer.Recipe, compared, perAction);

    /// <summary>A setting in the key of an action.</summary>
    /// <typeparam name="TSubject">What the action is about.</typeparam>
    /// <param name="setting">The setting.</param>
    /// <param name="recipe">The recipe of what the action is about.</param>
    /// <param name="compared">False for what only repeats another stage's when two builds are compared.</param>
    /// <param name="perAction">As in <see cref="StageOption"/>.</param>
    public static StageOption<TSubject> Of<TSubject>(RecipeSetting setting, Func<TSubject, LayerRecipe> recipe, bool compared = true,
        bool perAction = false)
    {
        string name = setting.KeyName ?? throw new ArgumentException($"no byte depends on {setting}", nameof(setting));
        return new StageOption<TSubject>(name, subject => recipe(subject) is var found && found.Uses(setting)
            ? setting.ToJson(found)
            : null,
            compared ? name : null, perAction);
    }
}
