using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using QuantBuild.Compiler.Calibration;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Json;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Planning;
using QuantBuild.Compiler.Quantizers;
using QuantBuild.Compiler.Scheduling;
using QuantBuild.Compiler.Store;
using QuantBuild.Compiler.Timing;

namespace QuantBuild.Compiler.Stages;

/// <summary>Runs all stages of a plan: calibration, then every site on its own, then the artifact files.</summary>
public static class ModelBuild
{
    /// <summary>Builds both experts. When the runner only looks, the result is null unless everything is in the store.</summary>
    /// <param name="context">The build.</param>
    /// <param name="sources">Both experts, open.</param>
    /// <param name="observer">Follows the build.</param>
    /// <exception cref="DiagnosticException">Something failed; everything that did not depend on it is finished and stored.</exception>
    public static BuiltModel? Run(BuildContext context, IReadOnlyList<ExpertSource> sources, IBuildObserver observer)
    {
        Announce(context, sources, observer, (_, _) => true, packs: true);
        using Recordings calibrated = Record(context, sources, observer);
        IReadOnlyDictionary<string, IReadOnlyList<Recording>>? recordings = calibrated.BySite;

        ConcurrentDictionary<(string Expert, string Layer), BuiltLayer> layers = Quantize(context, sources, recordings, observer, (_, _) => true);
        WarnOfMemory(context, observer);
        Warn(context, layers, observer);
        observer.PhaseStarted("Pack", sources.Count);
        var experts = ImmutableArray.CreateBuilder<BuiltExpert>();
        foreach (ExpertSource source in sources)
        {
            BuiltLayer[] built = [.. source.Plan.Layers.Where(layer => layers.ContainsKey((source.Plan.Name, layer.Name)))
                .Select(layer => layers[(source.Plan.Name, layer.Name)])];
            if (built.Length < source.Plan.Layers.Length || recordings is null)
                context.Runner.Unknown(Stage.Pack, source.Plan.Name, source.Plan.Name);
            else if (PackStage.Run(context, source, built) is { } files)
                experts.Add(new BuiltExpert(source, [.. built], PackStage.LayoutOf(context.Plan).DirectoryOf(source.Plan.Name), files));
        }
        return experts.Count == sources.Count ? new BuiltModel(calibrated.Samples, experts.ToImmutable()) : null;
    }

    /// <summary>Runs calibration alone, or opens and checks what was recorded elsewhere.</summary>
    /// <param name="context">The build.</param>
    /// <param name="sources">Both experts, open.</param>
    /// <param name="observer">Follows the build.</param>
    internal static Recordings Calibrate(BuildContext context, IReadOnlyList<ExpertSource> sources, IBuildObserver observer)
    {
        Announce(context, sources, observer, (_, _) => false, packs: false);
        return Record(context, sources, observer);
    }

    [SuppressMessage("Reliability", "CA2000:Dispose objects before losing scope", Justification = "The result owns the files.")]
    private static Recordings Record(BuildContext context, IReadOnlyList<ExpertSource> sources, IBuildObserver observer)
    {
        if (context.Plan.Manifest.Calibration.Activations is { } section)
        {
            var external = ExternalActivations.Open(context.Plan, section, context.Store, context.Cancellation);
            foreach (Diagnostic warning in external.Warnings)
                observer.Report(warning);
            return Recordings.Of(external);
        }
        SampleSet lines = SampleSet.Of(context.Plan.Manifest.Calibration);
        return context.Plan.Location.HeadersOnly || TrajectoryStage.LoadSet(context, lines, observer) is not { } set
            ? new Recordings([], Unknown(context, lines, fromPictures: lines.FromPictures && context.Plan.Location.HeadersOnly), null)
            : new Recordings([.. set.Samples.Select(sample => sample.Digest)], Record(context, sources, set, observer), null);
    }

    /// <summary>Builds the layers of some sites alone, and no artifact.</summary>
    /// <param name="context">The build; its runner executes.</param>
    /// <param name="sources">Both experts, open.</param>
    /// <param name="observer">Follows the build.</param>
    /// <param name="chosen">Tells by expert and site which.</param>
    internal static IReadOnlyDictionary<(string Expert, string Layer), BuiltLayer> Sites(BuildContext context, IReadOnlyList<ExpertSource> sources, IBuildObserver observer,
        Func<string, SiteKey, bool> chosen)
    {
        Announce(context, sources, observer, chosen, packs: false);
        using Recordings calibrated = Record(context, sources, observer);
        return Quantize(context, sources, calibrated.BySite, observer, chosen);
    }

    /// <summary>Tells the observer of every action that is about to be asked for.</summary>
    private static void Announce(BuildContext context, IReadOnlyList<ExpertSource> sources, IBuildObserver observer, Func<string, SiteKey, bool> chosen, bool packs)
    {
        if (!context.Runner.Executes)
            return;
        try
        {
            CalibrationSection calibration = context.Plan.Manifest.Calibration;
            SampleSet? samples = calibration.Activations is null ? SampleSet.Of(calibration) : null;
            var costs = new ActionCosts(context.Plan, sources, samples, MachineSpeed.Load(context.Store) ?? MachineSpeed.Typical);
            observer.Planned([.. List(context, sources, samples, chosen, packs).Select(action => new PlannedAction(action.Stage, action.Expert, action.Name, costs.Of(action.Stage, action.Expert, action.Name)))]);
        }
        catch (DiagnosticException)
        {
            // What is wrong with the samples is told by the phase that makes them.
        }
    }

    /// <summary>Every action in the order of stages. It is the build itself that lists them, with a runner that knows nothing.</summary>
    private static IEnumerable<ActionEvent> List(BuildContext context, IReadOnlyList<ExpertSource> sources, SampleSet? samples, Func<string, SiteKey, bool> chosen, bool packs)
    {
        BuildContext listing = context with { Runner = new StageRunner(context.Store, SilentObserver.Instance, execute: false) };
        if (samples is not null)
            Unknown(listing, samples, samples.FromPictures);
        Quantize(listing, sources, null, SilentObserver.Instance, chosen);
        foreach (ExpertSource source in packs ? sources : [])
            listing.Runner.Unknown(Stage.Pack, source.Plan.Name, source.Plan.Name);
        List<string> order = [.. Stage.AllOf(fromPictures: true).Select(stage => stage.Name)];
        return listing.Runner.Trace.OrderBy(action => order.IndexOf(action.Stage));
    }

    private static ConcurrentDictionary<(string Expert, string Layer), BuiltLayer> Quantize(BuildContext context, IReadOnlyList<ExpertSource> sources,
        IReadOnlyDictionary<string, IReadOnlyList<Recording>>? recordings, IBuildObserver observer, Func<string, SiteKey, bool> chosen)
    {
        (ExpertSource Source, SiteKey Site, LayerPlan[] Layers)[] sites = [.. sources.SelectMany(source => source.Plan.Layers
            .GroupBy(layer => new SiteKey(layer.Block, layer.Site))
            .Where(group => chosen(source.Plan.Name, group.Key))
            .Select(group => (source, group.Key, group.ToArray())))];
        observer.PhaseStarted("Quantize", sites.Sum(site => SiteBuild.CountActions(site.Source.Plan, site.Site, site.Layers)));
        var layers = new ConcurrentDictionary<(string Expert, string Layer), BuiltLayer>();
        Refused(context, () => WorkQueue.Run(context.Budget, sites.SelectMany(site => SiteBuild.Items(context, site.Source, site.Site, site.Layers,
            recordings?[ActivationRecorder.OutputName(site.Source.Plan.Name, site.Site.Block, site.Site.Site)],
            layer => layers[(site.Source.Plan.Name, layer.Plan.Name)] = layer)), context.Cancellation));
        return layers;
    }

    /// <summary>Reports layers whose Hessian needed help, or whose low-rank branch is not as accurate as asked. It is told on every build, cached or not: the artifact is what it is.</summary>
    private static void Warn(BuildContext context, IReadOnlyDictionary<(string Expert, string Layer), BuiltLayer> layers, IBuildObserver observer)
    {
        foreach (((string expert, string name), BuiltLayer layer) in layers.OrderBy(pair => pair.Key.Expert, StringComparer.Ordinal).ThenBy(pair => pair.Key.Layer, StringComparer.Ordinal))
        {
            if (layer.LowRankOutcome is { } branch
                && context.Store.ReadJson(branch, found => (Excess: found.Find("excess")?.Number(), Passes: found.Member("passes").Integer())) is var lowRank
                && !(lowRank.Excess <= layer.Plan.Recipe.LowRank.Accuracy))
            {
                observer.Report(Descriptors.LowRankInaccurate.At(null, $"{expert} {name}", layer.Plan.Recipe.LowRank.Accuracy,
                    lowRank.Excess?.ToString("G3", CultureInfo.InvariantCulture) ?? "unknown", lowRank.Passes));
            }
            if (layer.Outcome is not { } blob)
                continue;
            (int tries, bool fellBack, double damping) = context.Store.ReadJson(blob,
                outcome => (outcome.Member("tries").Integer(), outcome.Member("fellBack").Flag(), outcome.Member("damping").Number()));
            if (fellBack)
                observer.Report(Descriptors.HessianFellBack.At(null, $"{expert} {name}", tries));
            else if (tries > 1)
                observer.Report(Descriptors.HessianDamped.At(null, $"{expert} {name}", layer.Plan.Recipe.Weights.Damp, Gptq.DampOf(layer.Plan.Recipe.Weights.Damp, tries), tries, damping));
        }
    }

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

    /// <summary>Notes the recordings of samples as missing whose content is not known yet.</summary>
    private static Dictionary<string, IReadOnlyList<Recording>>? Unknown(BuildContext context, SampleSet set, bool fromPictures)
    {
        if (fromPictures && TrajectoryStage.NeedsNull(context.Plan.Manifest.Calibration))
            context.Runner.Unknown(Stage.Condition, "", ConditionStage.EmptyPrompt);
        foreach (SampleLine line in set.Lines)
        {
            if (fromPictures)
                context.Runner.Unknown(Stage.Condition, "", TrajectoryStage.NameOf(line.Id));
            context.Runner.Unknown(Stage.Trajectory, "", TrajectoryStage.NameOf(line.Id));
        }
        return null;
    }

    /// <summary>Recordings of every site in sample order; null when the runner only looks and one is missing.</summary>
    private static Dictionary<string, IReadOnlyList<Recording>>? Record(BuildContext context, IReadOnlyList<ExpertSource> sources, CalibrationSet set,
        IBuildObserver observer)
    {
        observer.PhaseStarted("Calibrate", set.Samples.Count);
        using var models = new CalibrationModels(sources, context.Budget, context.Cancellation);
        var records = new ActionRecord?[set.Samples.Count];
        WorkQueue.Run(context.Budget, set.Samples.Select((sample, i) => new WorkItem(FormattableString.Invariant($"sample {sample.Id:000}"), sample.Shape.Volume,
            _ => records[i] = TrajectoryStage.Run(context, sources, models, set, sample))), context.Cancellation);
        if (records.Contains(null))
            return null;
        return records[0]!.Outputs.Keys.ToDictionary(name => name,
            name => (IReadOnlyList<Recording>)[.. records.Select(record => new Recording(record!.Outputs[name].Digest))], StringComparer.Ordinal);
    }
}
