using System.Collections.Immutable;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Evaluation;
using QuantBuild.Compiler.Packing;
using QuantBuild.Compiler.Stages;

namespace QuantBuild.Compiler;

/// <summary>The operations that the tool and the build offer. All throw <see cref="DiagnosticException"/> for expected failures.</summary>
public static class ModelCompiler
{
    /// <summary>Builds the artifact, doing only what the store does not have.</summary>
    /// <param name="options">Manifest and store.</param>
    /// <param name="output">Folder for the artifact.</param>
    /// <param name="observer">Follows the build.</param>
    /// <param name="cancellation">Stops it; finished actions stay in the store.</param>
    public static CompileResult Build(CompileOptions options, string output, IBuildObserver observer, CancellationToken cancellation = default)
    {
        using var session = CompileSession.Open(options, observer, execute: true, cancellation);
        BuiltModel model = ModelBuild.Run(session.Context, session.Sources, observer)
            ?? throw new InvalidOperationException("an executing build left actions out");
        ImmutableArray<BuiltExpert> experts = model.Experts;

        IReadOnlyList<LayerQuality> layers = LayerQualities.Of(session.Store, experts);
        Gates.Check(session.Plan.Manifest, layers);

        byte[] descriptor = Artifacts.Describe(session.Context, experts).ToJson();
        string lockPath = LockFile.PathFor(session.Plan.Manifest.Path);
        LockFile locked = Locks.Of(session.Plan, model);
        if (options.Locked)
            locked.RequireUnchanged(lockPath);
        output = Path.GetFullPath(output);
        IReadOnlyList<PackedFile> files = Artifacts.FilesOf(experts);
        ArtifactFolder.WriteAsync(session.Store, output, files, descriptor, ct: cancellation).GetAwaiter().GetResult();
        bool lockChanged = !options.Locked && locked.Write(lockPath);
        BuildHistory.Save(session.Store, session.Plan.Manifest.Path, session.Runner.Trace);
        return new CompileResult(session.Plan.Manifest.Name, output, lockPath, lockChanged,
            files.Sum(file => file.Content.Size) + descriptor.Length, session.Runner.Trace, layers,
            BuildFiles.ReadBy(session, lockPath), BuildFiles.WrittenTo(output, files));
    }

    /// <summary>Resolves the manifest and says what a build would do, without doing it.</summary>
    /// <param name="options">Manifest and store.</param>
    /// <param name="observer">Is told of warnings and of every action.</param>
    /// <param name="cancellation">Stops it.</param>
    public static PlanReport Plan(CompileOptions options, IBuildObserver observer, CancellationToken cancellation = default)
    {
        using var session = CompileSession.Open(options, observer, execute: false, cancellation);
        ModelBuild.Run(session.Context, session.Sources, observer);
        return new PlanReport(session.Plan, session.Runner.Trace, Predictions.PeakBytes(session.Context, session.Sources),
            Predictions.StoreBytes(session.Plan, session.Runner.Trace), Predictions.ArtifactBytes(session.Sources));
    }

    /// <summary>Says which parts of a layer's keys changed since the last build.</summary>
    /// <param name="options">Manifest and store.</param>
    /// <param name="layer">Full layer name; both experts are reported.</param>
    /// <param name="cancellation">Stops it.</param>
    public static IReadOnlyList<WhyReport> Why(CompileOptions options, string layer, CancellationToken cancellation = default)
    {
        using var session = CompileSession.Open(options, SilentObserver.Instance, execute: false, cancellation);
        ModelBuild.Run(session.Context, session.Sources, SilentObserver.Instance);
        return Explanation.Of(session, layer);
    }

    /// <summary>Runs an evaluation set through full precision and the ladder of methods.</summary>
    /// <param name="options">Manifest and store.</param>
    /// <param name="data">The evaluation set's jsonl file.</param>
    /// <param name="samples">Samples to use; null for all.</param>
    /// <param name="observer">Follows the work.</param>
    /// <param name="cancellation">Stops it.</param>
    public static EvaluationReport Evaluate(CompileOptions options, string data, int? samples, IBuildObserver observer, CancellationToken cancellation = default)
    {
        using var session = CompileSession.Open(options, observer, execute: true, cancellation);
        return Evaluator.Run(session, data, samples, observer);
    }

    /// <summary>Executes a random part of the build's actions again and compares bytes.</summary>
    /// <param name="options">Manifest and store.</param>
    /// <param name="fraction">Part of the actions, 0 to 1.</param>
    /// <param name="seed">Seed of the choice.</param>
    /// <param name="observer">Follows the work.</param>
    /// <param name="cancellation">Stops it.</param>
    public static RecomputeReport Recompute(CompileOptions options, double fraction, ulong seed, IBuildObserver observer, CancellationToken cancellation = default)
    {
        using var session = CompileSession.Open(options, observer, execute: true, cancellation);
        return Recomputation.Run(session, fraction, seed, observer);
    }
}
