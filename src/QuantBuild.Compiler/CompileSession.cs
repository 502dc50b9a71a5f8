using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Planning;
using QuantBuild.Compiler.Scheduling;
using QuantBuild.Compiler.Stages;
using QuantBuild.Compiler.Store;

namespace QuantBuild.Compiler;

/// <summary>An open manifest: its plan, its checkpoints and the store.</summary>
internal sealed class CompileSession : IDisposable
{
    private CompileSession(CompileOptions options, Plan plan, ContentStore store, StageRunner runner, IReadOnlyList<ExpertSource> sources, CancellationToken cancellation)
    {
        Options = options;
        Plan = plan;
        Store = store;
        Runner = runner;
        Sources = sources;
        Machine = MachineMemory.Read();
        MemoryLimit = (options.Memory ?? Scheduling.MemoryLimit.Default).Resolve(Machine);
        var budget = new WorkBudget(Math.Max(0, MemoryLimit - WorkingSets.Program), options.ThreadCount, Math.Max(0, Machine.Total - WorkingSets.Program));
        Context = new BuildContext(plan, runner, budget, cancellation);
    }

    public CompileOptions Options { get; }

    public Plan Plan { get; }

    public ContentStore Store { get; }

    public StageRunner Runner { get; }

    public IReadOnlyList<ExpertSource> Sources { get; }

    public BuildContext Context { get; }

    /// <summary>Memory of the machine when the session began.</summary>
    public MachineMemory Machine { get; }

    /// <summary>Memory that the process may take, in bytes.</summary>
    public long MemoryLimit { get; }

    /// <summary>Reads and resolves the manifest and opens everything it names; warnings go to the observer.</summary>
    /// <exception cref="DiagnosticException">Any of it failed; all errors of the manifest are in it.</exception>
    public static CompileSession Open(CompileOptions options, IBuildObserver observer, bool execute, CancellationToken cancellation)
    {
        ManifestReadResult read = ManifestReader.Read(options.Manifest);
        Report(read.Diagnostics, read.Manifest is null, observer);
        PlanResult planned = Planner.Resolve(read.Manifest!);
        Report(planned.Diagnostics, planned.Plan is null, observer);

        ContentStore store = ContentStore.Open(options.Store ?? ContentStore.DefaultRoot());
        var sources = new List<ExpertSource>();
        try
        {
            foreach (ExpertPlan expert in planned.Plan!.Experts)
                sources.Add(ExpertSource.Open(expert, store, options.ThreadCount, cancellation));
            return new CompileSession(options, planned.Plan, store, new StageRunner(store, observer, execute, requireInputs: () => sources.ForEach(source => source.RequireUnchanged())), sources, cancellation);
        }
        catch
        {
            sources.ForEach(source => source.Dispose());
            store.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        foreach (ExpertSource source in Sources)
            source.Dispose();
        Store.Dispose();
    }

    private static void Report(IReadOnlyList<Diagnostic> diagnostics, bool failed, IBuildObserver observer)
    {
        if (failed || diagnostics.Any(diagnostic => diagnostic.Descriptor.Severity == Severity.Error))
            throw new DiagnosticException(diagnostics);
        foreach (Diagnostic warning in diagnostics)
            observer.Report(warning);
    }
}
