using System.Collections.Immutable;
using QuantBuild.Compiler.Actions;
using QuantBuild.Compiler.Build;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Scheduling;
using QuantBuild.Compiler.Stages;

namespace QuantBuild.Compiler.Operations;

/// <summary>A part of a build that one of several workers does, from the store into the store.</summary>
internal static class ShardWork
{
    /// <summary>Failures that another try, later or on another machine, may not meet.</summary>
    private static readonly ImmutableArray<DiagnosticDescriptor> Passing =
    [
        Descriptors.ShardTooEarly, Descriptors.RemoteRequired, Descriptors.DiskFull, Descriptors.OutOfMemory, Descriptors.BlobLost,
            Descriptors.StoreVanished,
        Descriptors.HubUnreachable, Descriptors.HubServerFailed, Descriptors.HubRateLimited,
    ];

    /// <summary>Does a worker's part; what is in the store is not done again.</summary>
    /// <param name="options">Manifest and store.</param>
    /// <param name="shard">The worker.</param>
    /// <param name="calibrateOnly">Whether it stops when its samples are recorded.</param>
    /// <param name="observer">Follows the work.</param>
    /// <param name="cancellation">Stops it; finished actions stay in the store.</param>
    /// <exception cref="DiagnosticException">It failed; <see cref="MayPass"/> tells whether for good.</exception>
    public static ShardResult Run(CompileOptions options, Shard shard, bool calibrateOnly, IBuildObserver observer,
        CancellationToken cancellation = default) =>
        LostContent.MakeAgain((options, observer) => RunOnce(options, shard, calibrateOnly, observer, cancellation), options, observer);

    /// <summary>Whether another try may succeed.</summary>
    public static bool MayPass(DiagnosticException failure)
    {
        Diagnostic[] causes = [.. failure.Diagnostics.Where(problem => problem.Descriptor != Descriptors.ShardFailed)];
        return causes.Length > 0 && causes.All(problem => Passing.Contains(problem.Descriptor));
    }

    private static ShardResult RunOnce(CompileOptions options, Shard shard, bool calibrateOnly, IBuildObserver observer,
        CancellationToken cancellation)
    {
        using var session = CompileSession.Open(options, observer, execute: true, cancellation);
        var parts = ShardParts.Of(BuildGraph.Of(session.Plan, null, ModelBuild.SamplesOf(session.Plan)), shard.Count);
        ShardBuild.Calibrate(session.Context, session.Sources, parts, shard, observer);
        if (!calibrateOnly)
            ShardBuild.Quantize(session.Context, session.Sources, parts, shard, observer);
        return new ShardResult(session.Plan.Manifest.Name, parts.SamplesOf(shard.Index), calibrateOnly
            ? 0
            : parts.LayersOf(shard.Index).Count, session.Runner.Trace);
    }
}

/// <summary>What a worker did.</summary>
/// <param name="Name">The model.</param>
/// <param name="Samples">Samples of its part.</param>
/// <param name="Layers">Layers of its part; 0 when it stopped before them.</param>
/// <param name="Actions">Every action of its part.</param>
internal sealed record ShardResult(string Name, int Samples, int Layers, IReadOnlyList<ActionEvent> Actions);
