using System.Collections.Immutable;
using QuantBuild.Compiler.Actions;
using QuantBuild.Compiler.Artifacts;
using QuantBuild.Compiler.Build;
using QuantBuild.Compiler.Calibration;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Differences;
using QuantBuild.Compiler.Evaluation;
using QuantBuild.Compiler.Gating;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Reporting;
using QuantBuild.Compiler.Sources;
using QuantBuild.Compiler.Stages;
using QuantBuild.Compiler.Suggestions;
using QuantBuild.Compiler.Timing;
using QuantBuild.Compiler.Work;

namespace QuantBuild.Compiler.Operations;

/// <summary>The operations that the tool and the build offer. All throw <see cref="DiagnosticException"/> for expected failures.</summary>
internal static class ModelCompiler
{
    /// <summary>Builds the artifact, doing only what the store does not have.</summary>
    /// <param name="options">Manifest and store.</param>
    /// <param name="output">Folder for the artifact.</param>
    /// <param name="observer">Follows the build.</param>
    /// <param name="cancellation">Stops it; finished actions stay in the store.</param>
    /// <exception cref="DiagnosticException">
    /// Among others: the folder has files that no artifact wrote (QB5070), or an output is a file that the build reads (QB4080).
    /// </exception>
    public static CompileResult Build(CompileOptions options, string output, IBuildObserver observer,
        CancellationToken cancellation = default) =>
        LostContent.MakeAgain((options, observer) => BuildOnce(options, output, observer, cancellation), options, observer);

    private static CompileResult BuildOnce(CompileOptions options, string output, IBuildObserver observer, CancellationToken cancellation)
    {
        DateTimeOffset started = TimeProvider.System.GetUtcNow();
        using (CompileSession? light = PublishedBuild.TryOpenWithoutWeights(options, observer, cancellation))
        {
            if (light is not null)
                RequireOutputs(light, output);
            if (light is not null && PublishedBuild.TryBuild(light, output, observer, started, cancellation) is { } spared)
                return spared;
        }
        using var session = CompileSession.Open(options, observer, execute: true, cancellation);
        RequireOutputs(session, output);
        if (PublishedBuild.TryBuild(session, output, observer, started, cancellation) is { } pulled)
            return pulled;
        BuiltModel model = ModelBuild.Run(session.Context, session.Sources, observer)
            ?? throw new InvalidOperationException("an executing build left actions out");
        ImmutableArray<BuiltExpert> experts = model.Experts;

        IReadOnlyList<LayerQuality> layers = LayerQualities.Of(experts);
        // Before the gates: a build that they fail is the one whose report is needed.
        if (options.Report is { } report && ReportFile.TryWrite(session, report, started) is { } trouble)
            observer.Report(trouble);
        Gates.Enforce(session.Plan.Manifest.Gates, GateSession.Measure(session, experts), observer.Report);

        return BuildOutput.Write(session, output,
            new FinishedArtifact(ArtifactDescription.Describe(session.Context, experts).ToJson(), ArtifactDescription.FilesOf(experts),
            LockDescription.Of(session.Plan, model), layers), started, cancellation);
    }

    /// <summary>
    /// A folder that cannot take the artifact, an output that would be written over an input, a lock file that says nothing: known before
    /// hours of work.
    /// </summary>
    private static void RequireOutputs(CompileSession session, string output)
    {
        if (session.Options.Locked)
            LockFile.Require(LockFile.PathFor(session.Plan.Manifest.Path));
        BuildFiles.RequireNoInput(session, session.Options.Report is { } report
            ? [report, .. session.Options.Lists]
            : session.Options.Lists);
        if (!session.Options.Force)
            OutputGuard.RequireFolder(session.Store, output);
    }

    /// <summary>
    /// Brings the checkpoint of a manifest to this machine and stops: of a repository of the Hub what a build needs, of a folder nothing,
    /// and nothing either (<see cref="CheckpointLocation.HeadersOnly"/>) when the artifact is published. Warnings are left to
    /// <see cref="Build"/>.
    /// </summary>
    /// <param name="options">Manifest, and how the Hub is reached.</param>
    /// <param name="observer">Follows the work.</param>
    /// <param name="cancellation">Stops it; what has arrived is kept.</param>
    public static CheckpointLocation Fetch(CompileOptions options, IBuildObserver observer, CancellationToken cancellation = default)
    {
        using CompileSession? light = PublishedBuild.TryOpenWithoutWeights(options, SilentObserver.Instance, cancellation);
        return light?.Plan.Location ?? CompileSession.Fetch(options, new WithoutWarnings(observer), cancellation);
    }

    /// <summary>
    /// Does the calibration of a build and stops: its recordings are then in the store. Warnings of the manifest are left to
    /// <see cref="Build"/>, which has to tell them anyway.
    /// </summary>
    /// <param name="options">Manifest and store.</param>
    /// <param name="observer">Follows the work.</param>
    /// <param name="cancellation">Stops it; finished samples stay in the store.</param>
    public static CalibrationResult Calibrate(CompileOptions options, IBuildObserver observer, CancellationToken cancellation = default) =>
        LostContent.MakeAgain((options, observer) => CalibrateOnce(options, observer, cancellation), options, observer);

    private static CalibrationResult CalibrateOnce(CompileOptions options, IBuildObserver observer, CancellationToken cancellation)
    {
        using CompileSession session = PublishedBuild.TryOpenWithoutWeights(options, SilentObserver.Instance, cancellation)
            ?? CompileSession.Open(options, new WithoutWarnings(observer), execute: true, cancellation, choosesRanks: false);
        BuildFiles.RequireNoInput(session, options.Lists);
        if (!session.Plan.Location.HeadersOnly && !PublishedBuild.IsThere(session))
            ModelBuild.Calibrate(session.Context, session.Sources, observer).Dispose();
        return new CalibrationResult(session.Plan.Manifest.Name, session.Runner.Trace,
            BuildFiles.ReadBy(session, LockFile.PathFor(session.Plan.Manifest.Path)));
    }

    /// <summary>Runs calibration, as far as the store does not have it, and writes what it recorded to files, one per sample.</summary>
    /// <param name="options">Manifest and store.</param>
    /// <param name="folder">Folder for the files.</param>
    /// <param name="observer">Follows the work.</param>
    /// <param name="cancellation">Stops it.</param>
    /// <returns>The files, absolute; a build reads them with <c>calibration.activations</c>.</returns>
    public static IReadOnlyList<string> ExportActivations(CompileOptions options, string folder, IBuildObserver observer,
        CancellationToken cancellation = default) =>
        LostContent.MakeAgain((options, observer) => ExportOnce(options, folder, observer, cancellation), options, observer);

    private static IReadOnlyList<string> ExportOnce(CompileOptions options, string folder, IBuildObserver observer,
        CancellationToken cancellation)
    {
        using var session = CompileSession.Open(options, observer, execute: true, cancellation, choosesRanks: false);
        CalibrationSection calibration = session.Plan.Manifest.Calibration;
        if (calibration.Activations is { } section)
            throw new DiagnosticException(Descriptors.ActivationsUnreadable.At(section.Span, section.Folder,
                "they are in files already, which is where exporting puts them"));
        using Recordings recordings = ModelBuild.Calibrate(session.Context, session.Sources, observer);
        return ActivationExport.Write(session.Plan, session.Stores.Blobs, recordings.BySite!, folder, cancellation);
    }

    /// <summary>Resolves the manifest and says what a build would do, without doing it.</summary>
    /// <param name="options">Manifest and store.</param>
    /// <param name="observer">Is told of warnings and of every action.</param>
    /// <param name="cancellation">Stops it.</param>
    public static PlanReport Plan(CompileOptions options, IBuildObserver observer, CancellationToken cancellation = default)
    {
        using var session = CompileSession.Open(options, observer, execute: false, cancellation);
        ModelBuild.Run(session.Context, session.Sources, observer);
        var graph = BuildGraph.Of(session.Plan, session.Sources, ModelBuild.SamplesOf(session.Plan));
        TimePrediction time = BuildTime.Predict(session, graph);
        return new PlanReport(session.Plan, session.Runner.Trace, Predictions.PeakBytes(session.Context, graph, session.Sources),
            Predictions.StoreBytes(graph, session.Runner.Trace),
            session.Sources.Sum(source => BuildStages.Pack.StoredBytes(new PackSubject(session.Plan, source))),
            session.Sources.Sum(source => source.Checkpoint.Tensors.Values.Sum(tensor => tensor.ByteLength)),
            time)
        {
            Device = DevicePrediction.Of(session.Context, ModelBuild.SamplesOf(session.Plan)),
            Shards = options.Shards == 0
                ? null
                : ShardPrediction.Of(session.Plan, ModelBuild.SamplesOf(session.Plan), options.Shards, time.Speed),
        };
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

    /// <summary>Holds what the last build measured against the manifest's gates; nothing is executed.</summary>
    /// <param name="options">Manifest and store.</param>
    /// <param name="margin">
    /// Writes the measured values, with this part of the error as a margin, into the manifest; null changes nothing.
    /// </param>
    /// <param name="cancellation">Stops it.</param>
    /// <exception cref="DiagnosticException">
    /// What the manifest describes was not built (QB3320), or the manifest cannot be written.
    /// </exception>
    public static GateReport CheckGates(CompileOptions options, double? margin = null, CancellationToken cancellation = default)
    {
        using var session = CompileSession.Open(options, SilentObserver.Instance, execute: false, cancellation);
        return GateSession.Run(session, margin);
    }

    /// <summary>Proposes overrides for a size or an error.</summary>
    /// <param name="options">Manifest and store.</param>
    /// <param name="goal">What is asked for.</param>
    /// <param name="apply">Whether to write the overrides into the manifest.</param>
    /// <param name="observer">Follows the work.</param>
    /// <param name="cancellation">Stops it; what was measured stays in the store.</param>
    /// <exception cref="DiagnosticException">Nothing reaches the goal (QB3330), or the manifest cannot be written.</exception>
    public static SuggestionReport Suggest(CompileOptions options, SuggestionGoal goal, bool apply, IBuildObserver observer,
        CancellationToken cancellation = default) =>
        LostContent.MakeAgain((options, observer) => SuggestOnce(options, goal, apply, observer, cancellation), options, observer);

    private static SuggestionReport SuggestOnce(CompileOptions options, SuggestionGoal goal, bool apply, IBuildObserver observer,
        CancellationToken cancellation)
    {
        using var session = CompileSession.Open(options, observer, execute: !goal.CachedOnly, cancellation);
        return SuggestSession.Run(session, goal, apply, observer);
    }

    /// <summary>Runs an evaluation set through full precision and the ladder of methods.</summary>
    /// <param name="options">Manifest and store.</param>
    /// <param name="evaluation">What is asked for.</param>
    /// <param name="observer">Follows the work.</param>
    /// <param name="cancellation">Stops it.</param>
    public static EvaluationReport Evaluate(CompileOptions options, EvaluationOptions evaluation, IBuildObserver observer,
        CancellationToken cancellation = default) =>
        LostContent.MakeAgain((options, observer) => EvaluateOnce(options, evaluation, observer, cancellation), options, observer);

    private static EvaluationReport EvaluateOnce(CompileOptions options, EvaluationOptions evaluation, IBuildObserver observer,
        CancellationToken cancellation)
    {
        using var session = CompileSession.Open(options, observer, execute: true, cancellation, decodes: true);
        EvaluationReport report = Evaluator.Run(session, evaluation, observer);
        EvaluationHistory.Save(session.Store, session.Plan, report, session.Runner.Trace);
        var measured = new MeasuredQuality([], [], report.Rows.First(row => row.Method == EvaluationReport.Ours).Latent.Error);
        return report with { Beyond = Gates.Check(session.Plan.Manifest.Gates, measured) };
    }

    /// <summary>Writes the report page of the last build from what the store has; nothing is executed.</summary>
    /// <param name="options">Manifest and store.</param>
    /// <param name="path">The file; null for <c>&lt;name&gt;.report.html</c> in the current folder.</param>
    /// <param name="earlier">An artifact's folder or a lock file that the page compares the build with; null for none.</param>
    /// <param name="cancellation">Stops it.</param>
    /// <returns>The file, absolute.</returns>
    /// <exception cref="DiagnosticException">Nothing of the model was ever built (QB4042), or the file cannot be written.</exception>
    public static string Report(CompileOptions options, string? path, string? earlier = null, CancellationToken cancellation = default)
    {
        DateTimeOffset started = TimeProvider.System.GetUtcNow();
        using var session = CompileSession.Open(options, SilentObserver.Instance, execute: false, cancellation);
        ModelBuild.Run(session.Context, session.Sources, SilentObserver.Instance);
        if (session.Runner.Trace.All(action => action.Outcome == ActionOutcome.Missing))
            throw new DiagnosticException(Descriptors.NothingToReport.At(new SourceSpan(session.Plan.Manifest.Path), session.Store.Root));
        path = Path.GetFullPath(path ?? ReportFile.NameFor(session.Plan.Manifest.Name));
        ReportFile.Write(session, path, started, earlier is null
            ? null
            : DifferenceDocument.Of(Snapshots.Compare(earlier, session.Plan.Manifest.Path, session.Store)));
        return path;
    }

    /// <summary>Executes a random part of the build's actions again and compares bytes.</summary>
    /// <param name="options">Manifest and store.</param>
    /// <param name="fraction">Part of the actions, 0 to 1.</param>
    /// <param name="seed">Seed of the choice.</param>
    /// <param name="observer">Follows the work.</param>
    /// <param name="cancellation">Stops it.</param>
    public static RecomputeReport Recompute(CompileOptions options, double fraction, ulong seed, IBuildObserver observer,
        CancellationToken cancellation = default)
    {
        using var session = CompileSession.Open(options, observer, execute: true, cancellation);
        return Recomputation.Run(session, fraction, seed, observer);
    }
}

/// <summary>A finished calibration.</summary>
/// <param name="Name">The model's name.</param>
/// <param name="Actions">Its actions, cached or executed.</param>
/// <param name="Inputs">Every file that was read, absolute, and the lock file.</param>
internal sealed record CalibrationResult(string Name, IReadOnlyList<ActionEvent> Actions, IReadOnlyList<string> Inputs);
