using System.Collections.Immutable;
using QuantBuild.Artifacts;
using QuantBuild.Compiler.Calibration;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Hub;
using QuantBuild.Compiler.Packing;
using QuantBuild.Compiler.Planning;
using QuantBuild.Compiler.Stages;
using QuantBuild.Compiler.Store;

namespace QuantBuild.Compiler;

/// <summary>
/// A published artifact as a cache of whole builds. It stands in for a build when the lock that was published with it has the same plan, tool,
/// arithmetic, checkpoints and calibration samples, which are everything that an artifact's bytes depend on. Whoever may write to the repository is
/// trusted as whoever may write to the lock file is; <c>verify --recompute</c> audits both.
/// </summary>
internal static class PublishedBuild
{
    private static readonly DiagnosticDescriptor Unusable = Descriptors.PublishedUnusable;

    private const string LockEnding = ".quant.lock.json";

    /// <summary>Takes the artifact that the manifest's <c>output.from</c> has, unless the store has everything already.</summary>
    /// <returns>The artifact, its files in the store; null when it must be computed, which is reported if a repository was asked.</returns>
    public static (FinishedArtifact Artifact, HubSnapshot Snapshot)? TryTake(CompileSession session, IBuildObserver observer)
    {
        if (session.Plan.Manifest.Output.From is not { } reference || session.IsInStore())
            return null;
        observer.PhaseStarted($"Look for the artifact at {reference}", 1);
        try
        {
            return TakeAsync(session, reference).GetAwaiter().GetResult();
        }
        catch (Exception failure) when (failure is DiagnosticException or ArtifactException && !session.Context.Cancellation.IsCancellationRequested)
        {
            string why = failure is DiagnosticException { Diagnostics: [var first, ..] } ? first.Descriptor == Unusable ? (string)first.Arguments[1]! : first.Message : failure.Message;
            observer.Report(Unusable.At(session.Plan.Manifest.Output.FromSpan, reference, why));
            return null;
        }
    }

    /// <summary>Whether <see cref="TryTake"/> would find an artifact: then calibrating for this build would be for nothing.</summary>
    public static bool IsThere(CompileSession session)
    {
        if (session.Plan.Manifest.Output.From is not { } reference)
            return false;
        try
        {
            WithHubAsync(session, async (client, cache) => await FindAsync(session, client, cache, reference)).GetAwaiter().GetResult();
            return true;
        }
        catch (DiagnosticException) when (!session.Context.Cancellation.IsCancellationRequested)
        {
            return false;
        }
    }

    private static Task<(FinishedArtifact Artifact, HubSnapshot Snapshot)> TakeAsync(CompileSession session, HubReference reference) => WithHubAsync(session, async (client, cache) =>
    {
        (HubSnapshot first, LockFile locked, ImmutableArray<LayerQuality> layers) = await FindAsync(session, client, cache, reference);
        (HubSnapshot snapshot, byte[] descriptor, ImmutableArray<PackedFile> files) = await ArtifactPull.FetchAsync(client, cache, session.Store, reference, first,
            publicKey: null, progress: null, session.Context.Cancellation);
        if (ArtifactDescriptor.Parse(descriptor).Plan != locked.Plan.ToString() || !files.ToHashSet().SetEquals(locked.Experts.SelectMany(expert => expert.Files)))
            throw Unfit(reference, "its artifact is not the one of its lock");
        return (new FinishedArtifact(descriptor, files, locked, layers), snapshot);
    });

    /// <summary>Fetches the small files and decides by them: before gigabytes are fetched.</summary>
    private static async Task<(HubSnapshot First, LockFile Locked, ImmutableArray<LayerQuality> Layers)> FindAsync(CompileSession session, HubClient? client, HubCache cache, HubReference reference)
    {
        HubSnapshot first = await HubDownload.FetchAsync(client, cache, reference,
            path => path == ArtifactFolder.DescriptorName || path.EndsWith(LockEnding, StringComparison.Ordinal) || ArtifactPull.Companions.Contains(path), ct: session.Context.Cancellation);
        LockFile locked = first.Files.Where(path => path.EndsWith(LockEnding, StringComparison.Ordinal))
            .Select(path => LockFile.Read(Path.Combine(first.Folder, path))).FirstOrDefault(candidate => candidate?.Plan == PlanDigest.Of(session.Plan))
            ?? throw Unfit(reference, "it has no lock of this plan");
        RequireSameInputs(session, reference, locked);
        return (first, locked, Quality(session, first, reference));
    }

    private static async Task<T> WithHubAsync<T>(CompileSession session, Func<HubClient?, HubCache, Task<T>> work)
    {
        var environment = HubEnvironment.OfProcess();
        using HubClient? client = environment.Offline ? null : await ConnectAsync(environment, session.Context.Cancellation);
        return await work(client, new HubCache(environment.CacheFolder));
    }

    private static async Task<HubClient> ConnectAsync(HubEnvironment environment, CancellationToken ct)
    {
        // Patience is for those who have nothing else to do: this build can compute.
        var options = new HubOptions { Endpoint = environment.Endpoint, Tries = 2 };
        return new HubClient(options with { Token = await TokenDiscovery.FindAsync(options, environment, ct: ct) });
    }

    private static void RequireSameInputs(CompileSession session, HubReference reference, LockFile locked)
    {
        ImmutableArray<Digest> samples = Recordings.SamplesOf(session.Context);
        string? fault = locked.Tool != ToolVersion.Text ? $"it was built by QuantBuild {locked.Tool}, this is {ToolVersion.Text}"
            : locked.NumericProfile != NumericProfile.Name ? $"it was built with the arithmetic {locked.NumericProfile}, this is {NumericProfile.Name}"
            : !locked.Calibration.SequenceEqual(samples) ? "it was calibrated with other samples"
            : session.Sources.FirstOrDefault(source => locked.Experts.SingleOrDefault(expert => expert.Name == source.Plan.Name)?.Checkpoint != source.Content) is { } other
                ? $"its {other.Plan.Name} was built from another checkpoint"
            : null;
        if (fault is not null)
            throw Unfit(reference, fault);
    }

    private static ImmutableArray<LayerQuality> Quality(CompileSession session, HubSnapshot snapshot, HubReference reference)
    {
        HashSet<(string, string)> quantized = [.. session.Plan.Experts.SelectMany(expert => expert.Layers
            .Where(layer => layer.Recipe.Precision != Manifests.Precision.BF16).Select(layer => (expert.Name, layer.Name)))];
        return snapshot.Files.Contains(ArtifactQuality.FileName)
            && AtomicFile.TryRead(Path.Combine(snapshot.Folder, ArtifactQuality.FileName)) is { } json && ArtifactQuality.Parse(json) is { } layers
            && quantized.SetEquals(layers.Select(layer => (layer.Expert, layer.Layer)))
            ? layers : throw Unfit(reference, $"it has no {ArtifactQuality.FileName} with the measured errors of these layers");
    }

    private static DiagnosticException Unfit(HubReference reference, string why) => new(Unusable.At(null, reference, why));
}
