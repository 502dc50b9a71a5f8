using QuantBuild.Artifacts;
using QuantBuild.Models;
using QuantBuild.Models.Wan;
using QuantBuild.SafeTensors;

namespace QuantBuild.Denoisers;

/// <summary>
/// Experts on the processor, by this library's own kernels: the same bits on every machine, and integer products for 4-bit layers.
/// </summary>
public sealed class CpuDenoiserFactory : IDenoiserFactory
{
    private CpuDenoiserFactory()
    {
    }

    /// <summary>The factory.</summary>
    public static CpuDenoiserFactory Instance { get; } = new();

    /// <inheritdoc/>
    public IDenoiser Open(WanConfig config, ITensorSource weights, WeightStorage storage = WeightStorage.Resident) =>
        new WanTransformer(WanWeights.Load(config, weights, storage));

    /// <inheritdoc/>
    public IDenoiser Open(ArtifactExpertModel quantized, WeightStorage storage = WeightStorage.Resident) =>
        new WanTransformer(quantized.LoadWeights(storage));
}
