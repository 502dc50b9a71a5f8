using System.Collections.Immutable;
using QuantBuild.Artifacts;
using QuantBuild.Compiler.Actions;
using QuantBuild.Compiler.Artifacts;
using QuantBuild.Compiler.Build;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Evaluation;
using QuantBuild.Compiler.Gating;
using QuantBuild.Compiler.Hub;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Manifests.Binding;
using QuantBuild.Compiler.Publishing;
using QuantBuild.Compiler.Reporting;
using QuantBuild.Compiler.Stages;
using QuantBuild.Compiler.Store;
using QuantBuild.Compiler.Work;

namespace QuantBuild.Compiler.Operations;

/// <summary>
/// A published artifact as a cache of whole builds. It stands in for a build when the lock that was published with it has the same plan,
/// tool, arithmetic, checkpoints and calibration samples, which are everything that an artifact's bytes depend on. Whoever may write to the
/// repository is trusted as whoever may write to the lock file is; <c>verify --recompute</c> audits both.
/// </summary>
internal static class PublishedBuild
{
    private static readonly DiagnosticDescriptor Unusable = Descriptors.PublishedUnusable;

    /// <summary>
    /// Opens a manifest whose checkpoint is on the Hub and not on this machine, if a published artifact spares fetching it. Its weights are
    /// then the same by name: the lock of the artifact has the commit that they were read from, and that is what the manifest's revision is
    /// now.
    /// </summary>
    /// <param name="options">The manifest.</param>
    /// <param name="observer">Told of the manifest's warnings, if a session is returned.</param>
    /// <param name="ct">Ends the calls.</param>
    /// <returns>A session that has the heads of the weights alone; null when the checkpoint is here, or needed.</returns>
    public static CompileSession? TryOpenWithoutWeights(CompileOptions options, IBuildObserver observer, CancellationToken ct)
    {
        ManifestReadResult read = ManifestReader.Read(options.Manifest);
        if (read.Manifest is not { Output.From: not null, Model.Repository: not null })
            return null;
        CompileSession? session = null;
        try
        {
            session = CompileSession.Open(options with { Hub = Impatient(options.Hub ?? HubAccess.OfProcess()) }, SilentObserver.Instance,
                execute: false, ct);
            if (session.Plan.Location.HeadersOnly && !session.Plan.Calibration.FromPictures && IsThere(session))
            {
                foreach (Diagnostic warning in read.Diagnostics.Concat(session.Plan.Warnings))
                    observer.Report(warning);
                return session;
            }
        }
        catch (DiagnosticException) when (!ct.IsCancellationRequested)
        {
            // Opening the manifest with its weights finds it again and reports it.
        }
        session?.Dispose();
        return null;
    }

    /// <summary>Writes the artifact that the manifest's <c>output.from</c> has, unless the store has everything already.</summary>
    /// <param name="session">The build.</param>
    /// <param name="output">Folder for the artifact.</param>
    /// <param name="observer">Follows the build.</param>
    /// <param name="started">When it began.</param>
    /// <param name="cancellation">Stops it.</param>
    /// <returns>What was written; null when the artifact must be computed, which is reported if a repository was asked.</returns>
    public static CompileResult? TryBuild(CompileSession session, string output, IBuildObserver observer, DateTimeOffset started,
        CancellationToken cancellation)
    {
        if (TryTake(session, observer) is not { } published)
            return null;
        string source = $"{session.Plan.Manifest.Output.From} (commit {published.Snapshot.Commit[..12]})";
        if (session.Options.Report is { } report
            && ReportFile.TryWritePulled(session, report, started, source, published.Artifact) is { } trouble)
            observer.Report(trouble);
        // What is published says nothing of single bins: their gates held where it was built.
        Gates.Enforce(session.Plan.Manifest.Gates,
            new MeasuredQuality(published.Artifact.Layers, [], EvaluationHistory.FinalLatentError(session.Store, session.Plan)),
                observer.Report);
        CompileResult result = BuildOutput.Write(session, output, published.Artifact, started, cancellation);
        ArtifactPull.CopyCompanions(published.Snapshot, result.Directory);
        return result with
        {
            PulledFrom = source,
            Outputs = [.. result.Outputs.Where(File.Exists)], // companions are the publisher's
        };
    }

    private static (FinishedArtifact Artifact, HubSnapshot Snapshot)? TryTake(CompileSession session, IBuildObserver observer)
    {
        if (session.Plan.Manifest.Output.From is not { } reference || session.IsInStore())
            return null;
        observer.PhaseStarted($"Look for the artifact at {reference}", 1);
        try
        {
            return TakeAsync(session, reference).GetAwaiter().GetResult();
        }
        catch (Exception failure)
            when (failure is DiagnosticException or ArtifactException && !session.Context.Cancellation.IsCancellationRequested)
        {
            observer.Report(Unusable.At(session.Plan.Manifest.Output.FromSpan, reference, ReasonOf(failure)));
            return null;
        }
    }

    private static string ReasonOf(Exception failure)
    {
        if (failure is not DiagnosticException { Diagnostics: [var first, ..] })
            return failure.Message;
        return first.Descriptor == Unusable ? (string)first.Arguments[1]! : first.Message;
    }

    /// <summary>Whether <see cref="TryBuild"/> would find an artifact: then calibrating for this build would be for nothing.</summary>
    public static bool IsThere(CompileSession session)
    {
        if (session.Plan.Manifest.Output.From is not { } reference)
            return false;
        try
        {
            WithHubAsync(session, client => FindAsync(session, client, reference)).GetAwaiter().GetResult();
            return true;
        }
        catch (DiagnosticException) when (!session.Context.Cancellation.IsCancellationRequested)
        {
            return false;
        }
    }

    private static Task<(FinishedArtifact Artifact, HubSnapshot Snapshot)> TakeAsync(CompileSession session, HubReference reference) =>
        WithHubAsync(session, async client =>
        {
            (HubSnapshot first, LockFile locked, ImmutableArray<LayerQuality> layers) = await FindAsync(session, client, reference);
            (HubSnapshot snapshot, byte[] descriptor, ImmutableArray<PackedFile> files) =
                await ArtifactPull.FetchAsync(client, AccessOf(session).Cache, session.Store, reference, first,
                publicKey: null, AccessOf(session).Progress, session.Context.Cancellation);
            if (ArtifactDescriptor.Parse(descriptor).Plan != locked.Plan.ToString() || !files.ToHashSet()
                .SetEquals(locked.Experts.SelectMany(expert => expert.Files)))
                throw Unfit(reference, "its artifact is not the one of its lock");
            return (new FinishedArtifact(descriptor, files, locked, layers), snapshot);
        });

    /// <summary>Fetches the small files and decides by them: before gigabytes are fetched.</summary>
    private static async Task<(HubSnapshot First, LockFile Locked, ImmutableArray<LayerQuality> Layers)> FindAsync(CompileSession session,
        HubClient? client, HubReference reference)
    {
        HubSnapshot first = await HubDownload.FetchAsync(client, AccessOf(session).Cache, reference,
            path => path == ArtifactFolder.DescriptorName || path.EndsWith(LockFile.Ending, StringComparison.Ordinal)
            || ArtifactPull.Companions.Contains(path), ct: session.Context.Cancellation);
        LockFile locked = first.Files.Where(path => path.EndsWith(LockFile.Ending, StringComparison.Ordinal))
            .Select(path => LockFile.Read(Path.Combine(first.Folder, path)))
            .FirstOrDefault(candidate => candidate?.Plan == PlanDigest.Of(session.Plan))
            ?? throw Unfit(reference, "it has no lock of this plan");
        if (Difference(session, locked) is { } difference)
            throw Unfit(reference, difference);
        return (first, locked, Quality(session, first, reference));
    }

    private static async Task<T> WithHubAsync<T>(CompileSession session, Func<HubClient?, Task<T>> work)
    {
        using HubClient? client = Impatient(AccessOf(session)).Connect(session.Context.Cancellation);
        return await work(client);
    }

    /// <summary>Patience is for those who have nothing else to do: this build can compute.</summary>
    private static HubAccess Impatient(HubAccess access) =>
        access with { Configure = options => (access.Configure?.Invoke(options) ?? options) with { Tries = 2 } };

    private static HubAccess AccessOf(CompileSession session) => session.Options.Hub ?? HubAccess.OfProcess();

    /// <summary>What a published artifact was built from that this build is not; null when there is no difference.</summary>
    private static string? Difference(CompileSession session, LockFile locked)
    {
        if (locked.Tool != ToolVersion.Text)
            return $"it was built by QuantBuild {locked.Tool}, this is {ToolVersion.Text}";
        if (locked.Profiles != session.Plan.Profiles.Names)
            return $"it was built with the arithmetic {locked.Profiles}, this is {session.Plan.Profiles}";
        if (!locked.Calibration.SequenceEqual(SampleLoading.DigestsOf(session.Context)))
            return "it was calibrated with other samples";
        if (session.Plan.Location is { HeadersOnly: true, Repository: { } repository, Commit: { } commit })
            return locked.Source == new LockedSource(repository, commit) ? null : "it was built from another commit of the checkpoint";
        foreach (ExpertSource source in session.Sources)
        {
            if (locked.Experts.SingleOrDefault(expert => expert.Name == source.Plan.Name)?.Checkpoint != source.Content)
                return $"its {source.Plan.Name} was built from another checkpoint";
        }
        return null;
    }

    private static ImmutableArray<LayerQuality> Quality(CompileSession session, HubSnapshot snapshot, HubReference reference)
    {
        HashSet<(string, string)> quantized = [.. session.Plan.Experts.SelectMany(expert => expert.Layers
            .Where(layer => layer.Recipe.Precision != Precision.BF16).Select(layer => (expert.Name, layer.Name)))];
        return snapshot.Files.Contains(ArtifactQuality.FileName)
            && AtomicFile.TryRead(Path.Combine(snapshot.Folder, ArtifactQuality.FileName)) is { } json
            && ArtifactQuality.Parse(json) is { } layers
            && quantized.SetEquals(layers.Select(layer => (layer.Expert, layer.Layer)))
            ? layers : throw Unfit(reference, $"it has no {ArtifactQuality.FileName} with the measured errors of these layers");
    }

    private static DiagnosticException Unfit(HubReference reference, string why) => new(Unusable.At(null, reference, why));
}
