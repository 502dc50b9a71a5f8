using System.Collections.Immutable;
using QuantBuild.Compiler.Allocation;
using QuantBuild.Compiler.Actions;
using QuantBuild.Compiler.Build;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Planning;
using QuantBuild.Compiler.Stages;
using QuantBuild.Compiler.Work;

namespace QuantBuild.Compiler.Suggestions;

/// <summary>
/// The ways to treat every layer, measured: each treatment is built for all layers at once, through the store, as a build of a manifest
/// with that treatment would. Layers do not depend on how others are quantized, so a layer's error in such a build is its error in any
/// mixture; only a layer that shares a smoothing vector with one that becomes bf16 changes a little.
/// </summary>
internal sealed class Candidates
{
    private Candidates(IReadOnlyList<LayerOptions> layers, int pinned, double pinnedError, long pinnedWork, long totalWork)
    {
        Layers = layers;
        Pinned = pinned;
        PinnedError = pinnedError;
        PinnedWork = pinnedWork;
        TotalWork = totalWork;
    }

    /// <summary>Layers to choose for.</summary>
    public IReadOnlyList<LayerOptions> Layers { get; }

    /// <summary>How many layers the manifest's overrides decide.</summary>
    public int Pinned { get; }

    /// <summary>Sum of their errors.</summary>
    public double PinnedError { get; }

    /// <summary>Their 16-bit work.</summary>
    public long PinnedWork { get; }

    /// <summary>Work of all layers.</summary>
    public long TotalWork { get; }

    /// <summary>All layers.</summary>
    public int Count => Layers.Count + Pinned;

    /// <summary>Builds and measures every treatment.</summary>
    /// <param name="session">The open manifest.</param>
    /// <param name="built">Its build.</param>
    /// <param name="goal">What to try.</param>
    /// <param name="observer">Follows the work.</param>
    public static Candidates Measure(CompileSession session, BuiltModel built, SuggestionGoal goal, IBuildObserver observer)
    {
        Dictionary<(string, string), double> now = LayerQualities.Of(built.Experts)
            .ToDictionary(layer => (layer.Expert, layer.Layer), layer => layer.Recipe);
        HashSet<(string, string)> pinned = PinnedBy(session.Plan);
        var options = new Dictionary<(string, string), List<LayerOption>>();
        foreach ((ExpertSource source, LayerPlan layer) in LayersOf(session))
        {
            (string, string) id = (source.Plan.Name, layer.Name);
            options.Add(id, [Option(session, source, layer, now.GetValueOrDefault(id))]);
        }
        double pinnedError = pinned.Sum(layer => options[layer][0].Error);
        long pinnedWork = pinned.Sum(layer => options[layer][0].Work);

        foreach (Func<LayerPlan, LayerRecipe> treatment in Treatments(goal))
            AddMeasured(session, treatment, pinned, options, observer);
        if (goal.Share16Bit > 0)
        {
            foreach ((ExpertSource source, LayerPlan layer) in LayersOf(session))
                Add(options[(source.Plan.Name, layer.Name)],
                    Option(session, source, Treated(layer, layer.Recipe.With(RecipeSettings.Precision, Precision.BF16)), 0));
        }
        LayerOptions[] free = [..
            from pair in LayersOf(session)
            let id = (pair.Source.Plan.Name, pair.Layer.Name)
            where !pinned.Contains(id)
            select new LayerOptions(pair.Source.Plan.Name, pair.Layer.Name, [.. options[id]])];
        long totalWork = LayersOf(session).Sum(pair => (long)pair.Layer.OutFeatures * pair.Layer.InFeatures);
        return new Candidates(free, pinned.Count, pinnedError, pinnedWork, totalWork);
    }

    /// <summary>Multiplications per token that a layer does with 16-bit activations.</summary>
    public static long WorkOf(LayerPlan layer) => layer.Recipe.Precision == Precision.W4A4 ? 0 : (long)layer.OutFeatures * layer.InFeatures;

    private static IEnumerable<(ExpertSource Source, LayerPlan Layer)> LayersOf(CompileSession session) =>
        from source in session.Sources
        from layer in source.Plan.Layers
        select (source, layer);

    /// <summary>What to build: other ranks, and unquantized activations where these are allowed at all.</summary>
    private static IEnumerable<Func<LayerPlan, LayerRecipe>> Treatments(SuggestionGoal goal)
    {
        const int FirstRank = 16;
        IEnumerable<Func<int, int>> ranks = goal.Ranks.IsEmpty
            ? [.. goal.KeepsSize ? (Func<int, int>[])[rank => rank / 2, rank => 3 * rank / 2] : [],
                rank => rank > 0 ? 2 * rank : FirstRank, rank => rank > 0 ? 4 * rank : 2 * FirstRank]
            : goal.Ranks.Select(rank => (Func<int, int>)(_ => rank));
        foreach (Func<int, int> rank in ranks)
        {
            yield return layer => layer.Recipe.With(RecipeSettings.Rank,
                Math.Min(rank(layer.Recipe.LowRank.Rank), Math.Min(layer.OutFeatures, layer.InFeatures)));
        }
        if (goal.Share16Bit > 0)
            yield return layer => layer.Recipe.With(RecipeSettings.Precision, Precision.W4A16);
    }

    private static void AddMeasured(CompileSession session, Func<LayerPlan, LayerRecipe> treatment, HashSet<(string, string)> pinned,
        Dictionary<(string, string), List<LayerOption>> options, IBuildObserver observer)
    {
        Plan plan = session.Plan with
        {
            Experts = [.. session.Plan.Experts.Select(expert => expert with
            {
                Layers = [.. expert.Layers.Select(layer => IsFixed(expert, layer) ? layer : Treated(layer, treatment(layer)))],
            })],
        };
        ExpertSource[] sources = [.. session.Sources.Zip(plan.Experts, (source, expert) => source.For(expert))];
        IReadOnlyDictionary<(string Expert, string Layer), BuiltLayer> built =
            ModelBuild.Sites(session.Context with { Plan = plan }, sources, new WithoutWarnings(observer), (_, _) => true);
        foreach (ExpertSource source in sources)
        {
            foreach (LayerPlan layer in source.Plan.Layers.Where(layer => layer.Recipe.Precision != Precision.BF16))
            {
                (string, string) id = (source.Plan.Name, layer.Name);
                // Without leave to execute only what an earlier build measured is there.
                if (built.TryGetValue(id, out BuiltLayer? found) && found.Errors is { } errors)
                    Add(options[id], Option(session, source, layer, LayerQualities.Of(errors.Value, source.Plan.Name, layer.Name).Recipe));
            }
        }

        bool IsFixed(ExpertPlan expert, LayerPlan layer) =>
            pinned.Contains((expert.Name, layer.Name)) || layer.Recipe.Precision == Precision.BF16;
    }

    private static void Add(List<LayerOption> options, LayerOption option)
    {
        if (!options.Any(known => (known.Precision, known.Rank) == (option.Precision, option.Rank)))
            options.Add(option);
    }

    private static LayerPlan Treated(LayerPlan layer, LayerRecipe recipe) => layer with { Recipe = recipe };

    private static LayerOption Option(CompileSession session, ExpertSource source, LayerPlan layer, double error)
    {
        Precision precision = layer.Recipe.Precision;
        return new LayerOption(precision, precision == Precision.BF16 ? 0 : layer.Recipe.LowRank.Rank, error,
            precision == Precision.BF16
                ? PackStage.KeptBytes(source.Checkpoint, layer.WeightName, session.Plan.Manifest.Output.KeptDtype)
                : LayerSize.Of(source.Plan, layer).Total, WorkOf(layer));
    }

    /// <summary>
    /// Layers whose rank or precision an override decides: a person did, and a later override would make that one useless.
    /// </summary>
    private static HashSet<(string, string)> PinnedBy(Plan plan)
    {
        var pinned = new HashSet<(string, string)>();
        foreach (OverrideSection section in plan.Manifest.Overrides)
        {
            bool decides = section.Patch.Find(RecipeSettings.Precision) is not null
                || section.Patch.Find(RecipeSettings.Rank) is not null;
            if (!decides || !LayerPattern.TryParse(section.Match, out LayerPattern? pattern, out _))
                continue;
            pinned.UnionWith(
                from expert in plan.Experts
                where section.Experts.IsEmpty || section.Experts.Contains(expert.Name)
                from layer in expert.Layers
                where pattern.IsMatch(layer.Name)
                select (expert.Name, layer.Name));
        }
        pinned.UnionWith(
            from expert in plan.Experts
            from layer in expert.Layers
            where layer.StartRank is not null
            select (expert.Name, layer.Name));
        return pinned;
    }
}
