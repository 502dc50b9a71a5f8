using QuantBuild.Compiler.Compute;
using QuantBuild.Compiler.Scheduling;
using QuantBuild.Compiler.Work;
using QuantBuild.Denoisers;
using QuantBuild.Models;
using QuantBuild.Models.Wan;
using QuantBuild.SafeTensors;

namespace QuantBuild.Compiler.Calibration;

/// <summary>Both experts at full precision, loaded when first needed and shared by all samples.</summary>
internal sealed class CalibrationModels : IDisposable
{
    private readonly SharedExperts _experts;
    private readonly WorkLease _resident;

    /// <summary>Decides where their weights stay; loads nothing.</summary>
    /// <param name="backend">What runs them.</param>
    /// <param name="sources">Both experts, open.</param>
    /// <param name="budget">Where resident weights are counted.</param>
    /// <param name="cancellation">Stops loading, and waiting for an expert.</param>
    public CalibrationModels(IComputeBackend backend, IReadOnlyList<ExpertSource> sources, WorkBudget budget,
        CancellationToken cancellation)
    {
        ModelPlacement placement = PlacementOf(backend, sources, budget);
        _experts = new SharedExperts([.. sources.Select<ExpertSource, Func<IDenoiser>>(source =>
            () => Open(backend.Models, source, placement.Storage, cancellation))], placement.OneAtATime, cancellation);
        _resident = budget.Reserve(placement.HostBytes);
    }

    /// <summary>Opens an expert for one caller, who disposes it.</summary>
    /// <exception cref="SafeTensorsException">A tensor is missing or damaged.</exception>
    /// <exception cref="Diagnostics.DiagnosticException">A weight is not finite.</exception>
    public IDenoiser Open(int expert) => _experts.Open(expert);

    /// <inheritdoc/>
    public void Dispose()
    {
        _experts.Dispose();
        _resident.Dispose();
    }

    /// <summary>Where the weights of both stay.</summary>
    public static ModelPlacement PlacementOf(IComputeBackend backend, IReadOnlyList<ExpertSource> sources, WorkBudget budget)
    {
        long[] elements = [.. sources.Select(source => source.Checkpoint.Tensors.Values.Sum(tensor => tensor.ElementCount))];
        return backend.Place(new ModelElements(elements.Sum(), elements.Max()), budget.Bytes);
    }

    private static IDenoiser Open(IDenoiserFactory denoisers, ExpertSource source, WeightStorage storage,
        CancellationToken cancellation)
    {
        FiniteWeights.Require(source, cancellation);
        return denoisers.Open(source.Plan.Config, source.Checkpoint, storage);
    }
}
