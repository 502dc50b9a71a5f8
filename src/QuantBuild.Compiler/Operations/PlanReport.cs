using QuantBuild.Compiler.Actions;
using QuantBuild.Compiler.Planning;
using QuantBuild.Compiler.Timing;

namespace QuantBuild.Compiler.Operations;

/// <summary>What a build would do.</summary>
/// <param name="Plan">The resolved plan.</param>
/// <param name="Actions">Every action: <see cref="ActionOutcome.Cached"/> or <see cref="ActionOutcome.Missing"/>.</param>
/// <param name="PeakBytes">Predicted working set.</param>
/// <param name="StoreBytes">Predicted growth of the store.</param>
/// <param name="ArtifactBytes">Predicted size of the artifact.</param>
/// <param name="WeightBytes">Size of the experts' tensors.</param>
/// <param name="Time">Predicted time of what would run.</param>
internal sealed record PlanReport(Plan Plan, IReadOnlyList<ActionEvent> Actions, long PeakBytes, long StoreBytes, long ArtifactBytes,
    long WeightBytes, TimePrediction Time)
{
    /// <summary>The memory of what computes, if it is more than the processor's own kernels; null for these.</summary>
    public DevicePrediction? Device { get; init; }

    /// <summary>What several workers would do; null when none were asked about.</summary>
    public ShardPrediction? Shards { get; init; }
}
