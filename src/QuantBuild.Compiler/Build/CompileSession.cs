using System.Collections.Immutable;
using QuantBuild.Compiler.Actions;
using QuantBuild.Compiler.Artifacts;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Hub;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Manifests.Binding;
using QuantBuild.Compiler.Planning;
using QuantBuild.Compiler.Samples;
using QuantBuild.Compiler.Scheduling;
using QuantBuild.Compiler.Sources;
using QuantBuild.Compiler.Store;
using QuantBuild.Compiler.Work;

namespace QuantBuild.Compiler.Build;

/// <summary>An open manifest: its plan, its checkpoints and the store.</summary>
internal sealed class CompileSession : IDisposable
{
    private readonly SessionStore _store;

    private CompileSession(CompileOptions options, Plan plan, SessionStore store, StageRunner runner, IReadOnlyList<ExpertSource> sources,
        CancellationToken cancellation)
    {
        _store = store;
        Options = options;
        Plan = plan;
        Runner = runner;
        Sources = sources;
        Machine = MachineMemory.Read();
        MemoryLimit limit = options.Memory ?? Scheduling.MemoryLimit.Default;
        MemoryLimit = limit.Resolve(Machine);
        var budget = new WorkBudget(ProcessMemory.BudgetOf(MemoryLimit), options.ThreadCount,
            Math.Max(0, Machine.Total - ProcessMemory.Program), limit.IsFixed);
        Context = new BuildContext(plan, runner, budget, cancellation);
    }

    public CompileOptions Options { get; }

    /// <summary>The plan; where ranks are chosen by a budget, with these as soon as they are known.</summary>
    public Plan Plan { get; private set; }

    public ContentStore Store => _store.Stores.Local;

    /// <summary>What actions run on: the store of this machine, or one with another behind it.</summary>
    public BuildStore Stores => _store.Stores;

    public StageRunner Runner { get; }

    public IReadOnlyList<ExpertSource> Sources { get; private set; }

    public BuildContext Context { get; private set; }

    /// <summary>Memory of the machine when the session began.</summary>
    public MachineMemory Machine { get; }

    /// <summary>Memory that the process may take, in bytes.</summary>
    public long MemoryLimit { get; }

    /// <summary>Reads and resolves the manifest and opens everything it names; warnings go to the observer.</summary>
    /// <param name="options">Manifest and store.</param>
    /// <param name="observer">Follows the work.</param>
    /// <param name="execute">Whether missing actions may be executed.</param>
    /// <param name="cancellation">Stops it.</param>
    /// <param name="decodes">Whether the autoencoder is wanted, too.</param>
    /// <param name="choosesRanks">Whether ranks that a budget decides are chosen, which takes a part of the build.</param>
    /// <exception cref="DiagnosticException">Any of it failed; all errors of the manifest are in it.</exception>
    public static CompileSession Open(CompileOptions options, IBuildObserver observer, bool execute, CancellationToken cancellation,
        bool decodes = false, bool choosesRanks = true)
    {
        CompileSession session = OpenUnchosen(options, observer, execute, decodes, cancellation);
        try
        {
            if (choosesRanks)
                session.ChooseRanks(observer);
            return session;
        }
        catch
        {
            session.Dispose();
            throw;
        }
    }

    private static CompileSession OpenUnchosen(CompileOptions options, IBuildObserver observer, bool execute, bool decodes,
        CancellationToken cancellation)
    {
        QuantManifest manifest = LoraDownload.Fetch(Read(options, observer), options.Hub, cancellation);
        try
        {
            return Open(options, manifest, observer, execute, decodes, cancellation);
        }
        catch (DiagnosticException failure) when (execute && manifest.Model.Repository is { } reference
            && failure.Diagnostics.Any(problem => DamageLooksLike.Contains(problem.Descriptor))
            && RemoveDamaged(options, reference, observer, cancellation))
        {
            return Open(options, manifest, observer, execute, decodes, cancellation);
        }
    }

    private static CompileSession Open(CompileOptions options, QuantManifest manifest, IBuildObserver observer, bool execute, bool decodes,
        CancellationToken cancellation)
    {
        CheckpointLocation location = Locate(manifest, options, observer, execute, decodes, cancellation);
        PlanResult planned = Planner.Resolve(manifest, location, backends: SessionBackends.Of(options));
        Report(planned.Diagnostics, planned.Plan is null, observer);

        SessionStore store = SessionStore.Open(options, observer, execute, cancellation);
        var sources = new List<ExpertSource>();
        try
        {
            foreach (ExpertPlan expert in planned.Plan!.Experts)
                sources.Add(ExpertSource.Open(expert, location, store.Stores.Local, options.ThreadCount, cancellation));
            return new CompileSession(options, planned.Plan, store,
                new StageRunner(store.Stores, observer, execute, requireInputs: () =>
                    sources.ForEach(source => source.RequireUnchanged()),
                    drain: options.Drain), sources,
                cancellation);
        }
        catch
        {
            sources.ForEach(source => source.Dispose());
            store.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Goes on with the ranks that budgets of the manifest lead to; with the ones they begin with where nothing may be executed and the
    /// store does not have what they are chosen by.
    /// </summary>
    private void ChooseRanks(IBuildObserver observer)
    {
        if (!RankResolution.IsNeeded(Plan) || Plan.Location.HeadersOnly
            || RankResolution.Resolve(Context, Sources, observer) is not { } chosen)
            return;
        Plan = chosen;
        Context = Context with { Plan = chosen };
        Sources = [.. Sources.Zip(chosen.Experts, (source, expert) => source.For(expert))];
    }

    /// <summary>What a damaged file of a checkpoint shows itself as.</summary>
    private static readonly DiagnosticDescriptor[] DamageLooksLike =
        [Descriptors.InvalidConfig, Descriptors.InvalidCheckpoint, Descriptors.SourceUnreadable, Descriptors.MissingTensor,
            Descriptors.SourceNotFetched];

    /// <summary>Removes what is damaged in the download cache, if it can be fetched again; whether there was any.</summary>
    private static bool RemoveDamaged(CompileOptions options, HubReference reference, IBuildObserver observer,
        CancellationToken cancellation)
    {
        HubAccess access = options.Hub ?? HubAccess.OfProcess();
        using HubClient? client = access.Connect(cancellation);
        IReadOnlyList<string> removed = client is null
            ? []
            : access.Cache.RemoveDamaged(reference.Repository, reference.Revision, cancellation);
        foreach (string path in removed)
            observer.Report(Descriptors.CacheDamaged.At(null, $"'{path}' of {reference.Repository}"));
        return removed.Count > 0;
    }

    /// <summary>Reads the manifest and brings its checkpoint to this machine.</summary>
    /// <exception cref="DiagnosticException">Either failed.</exception>
    public static CheckpointLocation Fetch(CompileOptions options, IBuildObserver observer, CancellationToken cancellation) =>
        Locate(Read(options, observer), options, observer, execute: true, decodes: false, cancellation);

    /// <summary>Whether a build would only collect what earlier ones did on this machine.</summary>
    public bool IsInStore()
    {
        var looking = new StageRunner(new BuildStore(Store), SilentObserver.Instance, execute: false);
        return ModelBuild.Run(Context with { Runner = looking }, Sources, SilentObserver.Instance) is not null;
    }

    public void Dispose()
    {
        foreach (ExpertSource source in Sources)
            source.Dispose();
        _store.Dispose();
    }

    /// <summary>Where a manifest's checkpoint is: its folder, or that of its repository in the download cache.</summary>
    /// <param name="manifest">The manifest.</param>
    /// <param name="options">How the Hub is reached.</param>
    /// <param name="observer">Told of warnings.</param>
    /// <param name="execute">Whether weights are needed, and downloaded where they are not in the cache; else their headers do.</param>
    /// <param name="decodes">Whether the autoencoder is wanted, too.</param>
    /// <param name="cancellation">Ends a download.</param>
    public static CheckpointLocation Locate(QuantManifest manifest, CompileOptions options, IBuildObserver observer, bool execute,
        bool decodes, CancellationToken cancellation)
    {
        if (manifest.Model.Repository is not { } reference)
            return new CheckpointLocation(manifest.Model.Source, HeadersOnly: options.HeadersOnly && !execute);
        // In locked mode the checkpoint is the one that the lock file names, wherever its branch has gone.
        if (options.Locked && LockFile.Read(LockFile.PathFor(manifest.Path))?.Source is { } locked && locked.Reference == reference)
            reference = reference with { Revision = locked.Commit };
        var locator = new SourceLocator(options.Hub ?? HubAccess.OfProcess(), reference, manifest.Model.Span, cancellation);
        ImmutableArray<string>? experts = manifest.Experts.All(expert => expert.Weights is not null)
            ? [.. manifest.Experts.Select(expert => expert.Weights!.Replace('\\', '/'))] : null;
        bool encoders = decodes || SampleFiles.IsFromPictures(manifest.Calibration.Data);
        CheckpointLocation found = execute
            ? locator.Fetch(experts, encoders, heads =>
                Report([.. Planner.Resolve(manifest, heads, backends: SessionBackends.Of(options))
                    .Diagnostics.Where(problem => problem.Descriptor.Severity == Severity.Error)],
                    failed: false, observer), observer)
            : locator.Look(experts, encoders, observer);
        return found with { Repository = manifest.Model.Repository, HeadersOnly = found.HeadersOnly || (options.HeadersOnly && !execute) };
    }

    private static QuantManifest Read(CompileOptions options, IBuildObserver observer)
    {
        ManifestReadResult read = ManifestReader.Read(options.Manifest);
        Report(read.Diagnostics, read.Manifest is null, observer);
        return read.Manifest!;
    }

    private static void Report(IReadOnlyList<Diagnostic> diagnostics, bool failed, IBuildObserver observer)
    {
        if (failed || diagnostics.Any(diagnostic => diagnostic.Descriptor.Severity == Severity.Error))
            throw new DiagnosticException(diagnostics);
        foreach (Diagnostic warning in diagnostics)
            observer.Report(warning);
    }
}
