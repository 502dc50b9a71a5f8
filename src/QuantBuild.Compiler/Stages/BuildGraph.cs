using QuantBuild.Compiler.Actions;
using QuantBuild.Compiler.Planning;
using QuantBuild.Compiler.Samples;
using QuantBuild.Compiler.Work;

namespace QuantBuild.Compiler.Stages;

/// <summary>
/// Every action that a plan asks for, from its declaration alone: what is listed, counted, priced and compared comes from here.
/// </summary>
internal sealed class BuildGraph
{
    private readonly ILookup<(string Expert, string Layer), ActionNode> _ofLayers;

    private BuildGraph(IReadOnlyList<ActionNode> actions)
    {
        Actions = actions;
        _ofLayers = actions.Where(action => BuildStages.LayerChain.Any(stage => stage.Declaration == action.Stage))
            .ToLookup(action => (action.Expert, LayerOf(action.Name)));
    }

    /// <summary>The actions, in the order of stages.</summary>
    public IReadOnlyList<ActionNode> Actions { get; }

    /// <summary>The chains of layers, each in its order.</summary>
    public IEnumerable<IEnumerable<ActionNode>> Chains => _ofLayers;

    /// <summary>The graph of a whole build.</summary>
    /// <param name="plan">The plan.</param>
    /// <param name="sources">Its experts, open; null leaves out the artifact's files.</param>
    /// <param name="samples">Its calibration samples; null when what they lead to is recorded already.</param>
    public static BuildGraph Of(Plan plan, IReadOnlyList<ExpertSource>? sources, SampleSet? samples) =>
        Of(plan, sources, samples, (_, _) => true);

    /// <summary>The graph of some layers, or of all.</summary>
    /// <param name="plan">The plan.</param>
    /// <param name="sources">Its experts, open; null leaves out the artifact's files.</param>
    /// <param name="samples">Its calibration samples; null when what they lead to is recorded already.</param>
    /// <param name="chosen">Tells by expert and layer which.</param>
    public static BuildGraph Of(Plan plan, IReadOnlyList<ExpertSource>? sources, SampleSet? samples, Func<string, LayerPlan, bool> chosen)
    {
        ActionNode[] calibration = samples is null ? [] : [.. SampleNodes.Of(plan, samples)];
        ActionNode[] recordings = [.. calibration.Where(action => action.Stage == BuildStages.Trajectory)];
        ILookup<string, ActionNode> layers = plan.Experts.SelectMany(expert => SitesOf(expert, chosen)
            .SelectMany(site => SiteBuild.Nodes(plan, expert, site.Key, site, recordings, layer => chosen(expert.Name, layer))))
            .ToLookup(action => action.Expert, StringComparer.Ordinal);
        IEnumerable<ActionNode> all = calibration.Concat(layers.SelectMany(expert => expert))
            .Concat((sources ?? []).Select(source => BuildStages.Pack.Node(new PackSubject(plan, source), [.. layers[source.Plan.Name]])));
        return new BuildGraph([.. all.OrderBy(action => BuildStages.IndexOf(action.Stage.Name))]);
    }

    /// <summary>The sites of an expert that have a chosen layer, with all their layers, in plan order.</summary>
    public static IEnumerable<IGrouping<SiteKey, LayerPlan>> SitesOf(ExpertPlan expert, Func<string, LayerPlan, bool> chosen) =>
        expert.Layers
        .GroupBy(layer => new SiteKey(layer.Block, layer.Site)).Where(group => group.Any(layer => chosen(expert.Name, layer)));

    /// <summary>The actions that a layer's result depends on, and its own, in the order of stages; none for a layer that is kept.</summary>
    public IReadOnlyList<ActionNode> BehindLayer(string expert, string layer)
    {
        var behind = new HashSet<ActionNode>();
        var open = new Stack<ActionNode>(_ofLayers[(expert, layer)]);
        while (open.TryPop(out ActionNode? action))
        {
            if (!behind.Add(action))
                continue;
            foreach (ActionNode before in action.After)
                open.Push(before);
        }
        return [.. behind.OrderBy(action => BuildStages.IndexOf(action.Stage.Name)).ThenBy(action => action.Name, StringComparer.Ordinal)];
    }

    /// <summary>The layer of an action's name, which a bin may follow after a slash.</summary>
    public static string LayerOf(string name) => name.Split('/')[0];
}
