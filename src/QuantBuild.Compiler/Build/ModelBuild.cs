using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using QuantBuild.Compiler.Actions;
using QuantBuild.Compiler.Calibration;
using QuantBuild.Compiler.Costs;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Planning;
using QuantBuild.Compiler.Quantizers;
using QuantBuild.Compiler.Samples;
using QuantBuild.Compiler.Scheduling;
using QuantBuild.Compiler.Stages;
using QuantBuild.Compiler.Work;

namespace QuantBuild.Compiler.Build;

/// <summary>Runs all stages of a plan: calibration, then every site on its own, then the artifact files.</summary>
internal static class ModelBuild
{
    /// <summary>Builds both experts. When the runner only looks, the result is null unless everything is in the store.</summary>
    /// <param name="context">The build.</param>
    /// <param name="sources">Both experts, open.</param>
    /// <param name="observer">Follows the build.</param>
    /// <exception cref="DiagnosticException">Something failed; everything that did not depend on it is finished and stored.</exception>
    public static BuiltModel? Run(BuildContext context, IReadOnlyList<ExpertSource> sources, IBuildObserver observer)
    {
        SampleSet? samples = SamplesOf(context.Plan);
        BuildGraph graph = BuildGraph.Of(context.Plan, sources, samples);
        Announce(context, graph, observer);
        using Recordings calibrated = Record(context, sources, samples, observer);
        ConcurrentDictionary<(string Expert, string Layer), BuiltLayer> layers =
            Quantize(context, sources, calibrated.BySite, graph, observer, (_, _) => true);
        WarnOfMemory(context, observer);
        Warn(layers, observer);
        observer.PhaseStarted("Pack", sources.Count);
        var experts = ImmutableArray.CreateBuilder<BuiltExpert>();
        foreach (ExpertSource source in sources)
        {
            BuiltLayer[] built = [.. source.Plan.Layers.Where(layer => layers.ContainsKey((source.Plan.Name, layer.Name)))
                .Select(layer => layers[(source.Plan.Name, layer.Name)])];
            if (built.Length == source.Plan.Layers.Length && calibrated.BySite is not null
                && BuildStages.Pack.Run(context, source, built) is { } packed)
                experts.Add(new BuiltExpert(source, [.. built], PackStage.LayoutOf(context.Plan).DirectoryOf(source.Plan.Name),
                    packed.Files));
        }
        if (experts.Count == sources.Count)
            return new BuiltModel(calibrated.Samples, experts.ToImmutable());
        context.Runner.NoteMissing(graph.Actions);
        return null;
    }

    /// <summary>Runs calibration alone, or opens and checks what was recorded elsewhere.</summary>
    /// <param name="context">The build.</param>
    /// <param name="sources">Both experts, open.</param>
    /// <param name="observer">Follows the build.</param>
    internal static Recordings Calibrate(BuildContext context, IReadOnlyList<ExpertSource> sources, IBuildObserver observer)
    {
        SampleSet? samples = SamplesOf(context.Plan);
        Announce(context, BuildGraph.Of(context.Plan, null, samples, (_, _) => false), observer);
        return Record(context, sources, samples, observer);
    }

    /// <summary>Builds some layers alone, and no artifact.</summary>
    /// <param name="context">The build.</param>
    /// <param name="sources">Both experts, open.</param>
    /// <param name="observer">Follows the build.</param>
    /// <param name="chosen">Tells by expert and layer which.</param>
    internal static IReadOnlyDictionary<(string Expert, string Layer), BuiltLayer> Sites(BuildContext context,
        IReadOnlyList<ExpertSource> sources, IBuildObserver observer,
        Func<string, LayerPlan, bool> chosen)
    {
        SampleSet? samples = SamplesOf(context.Plan);
        BuildGraph graph = BuildGraph.Of(context.Plan, null, samples, chosen);
        Announce(context, graph, observer);
        using Recordings calibrated = Record(context, sources, samples, observer);
        ConcurrentDictionary<(string Expert, string Layer), BuiltLayer> built =
            Quantize(context, sources, calibrated.BySite, graph, observer, chosen);
        context.Runner.NoteMissing(graph.Actions);
        return built;
    }

    /// <summary>The samples of a plan; null when what they lead to was recorded elsewhere.</summary>
    /// <exception cref="DiagnosticException">The set cannot be used.</exception>
    internal static SampleSet? SamplesOf(Plan plan) =>
        plan.Manifest.Calibration.Activations is null ? SampleSet.Of(plan.Manifest) : null;

    /// <summary>Tells the observer of every action that is about to be asked for.</summary>
    internal static void Announce(BuildContext context, BuildGraph graph, IBuildObserver observer)
    {
        if (!context.Runner.Executes)
            return;
        MachineSpeed speed = MachineSpeed.Load(context.Local) ?? MachineSpeed.Typical;
        try
        {
            observer.Planned(
                [.. graph.Actions.Select(action =>
                    new PlannedAction(action.Stage.Name, action.Expert, action.Name, action.Seconds(speed)))]);
        }
        catch (DiagnosticException)
        {
            // What is wrong with the samples is told by the phase that makes them.
        }
    }

    /// <summary>
    /// Recordings of samples, or those that were made elsewhere; without sites when the runner only looks and one is missing.
    /// </summary>
    [SuppressMessage("Reliability", "CA2000:Dispose objects before losing scope", Justification = "The result owns the files.")]
    internal static Recordings Record(BuildContext context, IReadOnlyList<ExpertSource> sources, SampleSet? samples,
        IBuildObserver observer)
    {
        if (samples is null)
        {
            var external = ExternalActivations.Open(context.Plan, context.Plan.Manifest.Calibration.Activations!, context.Local,
                context.Cancellation);
            foreach (Diagnostic warning in external.Warnings)
                observer.Report(warning);
            return Recordings.Of(external);
        }
        return context.Plan.Location.HeadersOnly || SampleLoading.LoadSet(context, samples, observer) is not { } set
            ? new Recordings([], null, null)
            : new Recordings([.. set.Samples.Select(sample => sample.Digest)], Record(context, sources, set, observer), null);
    }

    private static ConcurrentDictionary<(string Expert, string Layer), BuiltLayer> Quantize(BuildContext context,
        IReadOnlyList<ExpertSource> sources,
        IReadOnlyDictionary<string, IReadOnlyList<Recording>>? recordings, BuildGraph graph, IBuildObserver observer,
        Func<string, LayerPlan, bool> chosen)
    {
        var layers = new ConcurrentDictionary<(string Expert, string Layer), BuiltLayer>();
        Quantize(context, sources, recordings, graph, observer, chosen, layers);
        return layers;
    }

    /// <summary>Builds chosen layers.</summary>
    /// <param name="context">The build.</param>
    /// <param name="sources">Both experts, open.</param>
    /// <param name="recordings">Recordings by site; null builds nothing.</param>
    /// <param name="graph">The actions, to count them.</param>
    /// <param name="observer">Follows the build.</param>
    /// <param name="chosen">Tells by expert and layer which.</param>
    /// <param name="layers">Gets what is built, also when something fails.</param>
    internal static void Quantize(BuildContext context, IReadOnlyList<ExpertSource> sources,
        IReadOnlyDictionary<string, IReadOnlyList<Recording>>? recordings, BuildGraph graph, IBuildObserver observer,
        Func<string, LayerPlan, bool> chosen, ConcurrentDictionary<(string Expert, string Layer), BuiltLayer> layers)
    {
        observer.PhaseStarted("Quantize", graph.Actions.Count(action => BuildStages.IsOfLayers(action.Stage)));
        if (recordings is null)
            return;
        Refused(context, () => WorkQueue.Run(context.Budget, sources.SelectMany(source => BuildGraph.SitesOf(source.Plan, chosen)
            .SelectMany(site =>
                SiteBuild.Items(context, source, site.Key, [.. site],
                    recordings[ActivationRecorder.OutputName(source.Plan.Name, site.Key.Block, site.Key.Site)],
                    layer => chosen(source.Plan.Name, layer), layer => layers[(source.Plan.Name, layer.Plan.Name)] = layer))),
                    context.Cancellation));
    }

    /// <summary>
    /// Reports layers whose Hessian needed help, or whose low-rank branch is not as accurate as asked. It is told on every build, cached or
    /// not: the artifact is what it is.
    /// </summary>
    internal static void Warn(IReadOnlyDictionary<(string Expert, string Layer), BuiltLayer> layers, IBuildObserver observer)
    {
        foreach (((string expert, string name), BuiltLayer layer) in layers.OrderBy(pair => pair.Key.Expert, StringComparer.Ordinal)
            .ThenBy(pair => pair.Key.Layer, StringComparer.Ordinal))
        {
            LayerRecipe recipe = layer.Plan.Recipe;
            if (layer.LowRank?.Outcome is { } branch && !(branch.Excess <= recipe.LowRank.Accuracy))
            {
                observer.Report(Descriptors.LowRankInaccurate.At(null, $"{expert} {name}", recipe.LowRank.Accuracy,
                    branch.Excess is { } excess ? Short(excess) : "unknown", branch.Passes));
            }
            if (layer.Weights?.Outcome is { FellBack: true } failed)
                observer.Report(Descriptors.HessianFellBack.At(null, $"{expert} {name}", failed.Tries));
            else if (layer.Weights?.Outcome is { Tries: > 1 } damped)
            {
                observer.Report(Descriptors.HessianDamped.At(null, $"{expert} {name}", recipe.Weights.Damp,
                    Short(Gptq.DampOf(recipe.Weights.Damp, damped.Tries)),
                    damped.Tries, Short(damped.Damping)));
            }
        }
    }

    private static string Short(double value) => value.ToString("G3", CultureInfo.InvariantCulture);

    /// <summary>Says what did not fit into the memory limit; only what really ran counts.</summary>
    private static void WarnOfMemory(BuildContext context, IBuildObserver observer)
    {
        IReadOnlyDictionary<string, long> oversized = context.Budget.TakeOversized();
        if (oversized.Count == 0)
            return;
        observer.Report(MemoryNeed.RanAlone(context.Budget, oversized));
    }

    /// <summary>Says once, and not for every layer, that a limit is too small.</summary>
    private static void Refused(BuildContext context, Action work)
    {
        try
        {
            work();
        }
        catch (DiagnosticException failure) when (context.Budget.IsStrict && context.Budget.TakeOversized() is { Count: > 1 } oversized)
        {
            throw new DiagnosticException([MemoryNeed.TooSmall(context.Budget, oversized),
                .. failure.Diagnostics.Where(problem => problem.Descriptor != Descriptors.MemoryLimitTooSmall)]);
        }
    }

    /// <summary>Recordings of every site in sample order; null when the runner only looks and one is missing.</summary>
    private static Dictionary<string, IReadOnlyList<Recording>>? Record(BuildContext context, IReadOnlyList<ExpertSource> sources,
        CalibrationSet set,
        IBuildObserver observer)
    {
        observer.PhaseStarted("Calibrate", set.Samples.Count);
        using var models = new CalibrationModels(context.Plan.Backends.Model, sources, context.Budget, context.Cancellation);
        var records = new TrajectoryStage.Result?[set.Samples.Count];
        WorkQueue.Run(context.Budget,
            set.Samples.Select((sample, i) => new WorkItem(FormattableString.Invariant($"sample {sample.Id:000}"), sample.Shape.Volume,
            _ => records[i] = BuildStages.Trajectory.Run(context, sources, models, set, sample))), context.Cancellation);
        if (records.Contains(null))
            return null;
        return records[0]!.Sites.Keys.ToDictionary(name => name,
            name => (IReadOnlyList<Recording>)[.. records.Select(record => new Recording(record!.Sites[name].Digest))],
            StringComparer.Ordinal);
    }
}
