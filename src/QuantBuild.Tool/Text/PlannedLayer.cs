using System.Globalization;
using QuantBuild.Compiler.Actions;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Operations;
using QuantBuild.Compiler.Planning;
using QuantBuild.Compiler.Stages;
using QuantBuild.Compiler.Work;

namespace QuantBuild.Tool.Text;

/// <summary>
/// A layer of a plan with the actions that are its own, or its site's; calibration is everybody's and counts in the totals only.
/// </summary>
/// <param name="Expert">Its expert.</param>
/// <param name="Plan">What it becomes.</param>
/// <param name="Actions">Its actions, by stage.</param>
internal sealed record PlannedLayer(string Expert, LayerPlan Plan, IReadOnlyList<ActionEvent> Actions)
{
    public bool IsQuantized => Plan.Recipe.Precision != Compiler.Manifests.Precision.BF16;

    public string Precision => RecipeNames.Precision.NameOf(Plan.Recipe.Precision);

    public string Method => RecipeNames.WeightMethod.NameOf(Plan.Recipe.Weights.Method);

    /// <summary><c>cached</c>, or which stages would run; nothing for a layer that is kept.</summary>
    public string State
    {
        get
        {
            string[] missing = [.. Actions.Where(action => action.Outcome == ActionOutcome.Missing).Select(action => action.Stage)
                .Distinct()];
            return missing.Length > 0 ? $"to run: {string.Join(", ", missing)}" : Actions.Count > 0 ? "cached" : "";
        }
    }

    /// <summary>All layers of a plan in its order.</summary>
    public static IEnumerable<PlannedLayer> All(PlanReport report)
    {
        ILookup<(string, string), ActionEvent> actions = report.Actions.ToLookup(action => (action.Expert, OwnerOf(action.Name)));
        return report.Plan.Experts.SelectMany(expert => expert.Layers.Select(layer => new PlannedLayer(expert.Name, layer,
            [.. OwnersOf(layer).SelectMany(owner => actions[(expert.Name, owner)])
                .OrderBy(action => BuildStages.IndexOf(action.Stage))])));
    }

    /// <summary>The layer or site in an action's name: a clip action adds its bin after a slash.</summary>
    private static string OwnerOf(string name) => name.Split('/')[0];

    /// <summary>The names of a layer's actions: its own and, while it is quantized, that of the site it shares.</summary>
    private static IEnumerable<string> OwnersOf(LayerPlan layer) => layer.Recipe.Precision == Compiler.Manifests.Precision.BF16
        ? []
        : new[] { layer.Name, new SiteKey(layer.Block, layer.Site).ToString() }.Distinct();
}
