using QuantBuild.Compiler.Compute;
using QuantBuild.Compiler.Scheduling;
using QuantBuild.Compiler.Work;
using QuantBuild.Denoisers;
using QuantBuild.Models;
using QuantBuild.Models.Wan;
using QuantBuild.SafeTensors;

namespace QuantBuild.Compiler.Calibration;

/// <summary>Both experts at full precision, loaded when first needed and shared by all samples.</summary>
/// <param name="backend">What runs them.</param>
/// <param name="sources">Both experts, open.</param>
/// <param name="budget">Where resident weights are counted.</param>
/// <param name="cancellation">Stops loading.</param>
internal sealed class CalibrationModels(IComputeBackend backend, IReadOnlyList<ExpertSource> sources, WorkBudget budget,
    CancellationToken cancellation) : IDisposable
{
    private readonly Lazy<IDenoiser>[] _experts =
        [.. sources.Select(source => new Lazy<IDenoiser>(() =>
            Open(backend.Models, source, PlacementOf(backend, sources, budget).Storage, cancellation)))];
    private readonly WorkLease _resident = budget.Reserve(PlacementOf(backend, sources, budget).HostBytes);

    /// <summary>Opens an expert for one caller, who disposes it.</summary>
    /// <exception cref="SafeTensorsException">A tensor is missing or damaged.</exception>
    /// <exception cref="Diagnostics.DiagnosticException">A weight is not finite.</exception>
    public IDenoiser Open(int expert) => _experts[expert].Value.Share();

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (Lazy<IDenoiser> expert in _experts.Where(expert => expert.IsValueCreated))
            expert.Value.Dispose();
        _resident.Dispose();
    }

    /// <summary>Where the weights of both stay.</summary>
    public static ModelPlacement PlacementOf(IComputeBackend backend, IReadOnlyList<ExpertSource> sources, WorkBudget budget) =>
        backend.Place(sources.Sum(source => source.Checkpoint.Tensors.Values.Sum(tensor => tensor.ElementCount)), budget.Bytes);

    private static IDenoiser Open(IDenoiserFactory denoisers, ExpertSource source, WeightStorage storage,
        CancellationToken cancellation)
    {
        FiniteWeights.Require(source, cancellation);
        return denoisers.Open(source.Plan.Config, source.Checkpoint, storage);
    }
}
