using QuantBuild.Compiler.Actions;
using QuantBuild.Denoisers;
using QuantBuild.Pipelines;

namespace QuantBuild.Compiler.Compute.Cpu;

/// <summary>QuantBuild's own kernels: the same bytes on every machine.</summary>
internal sealed class CpuBackend : IComputeBackend
{
    private CpuBackend()
    {
    }

    /// <summary>The backend.</summary>
    public static CpuBackend Instance { get; } = new();

    /// <inheritdoc/>
    public string Name => "cpu";

    /// <inheritdoc/>
    public void Start(string needed)
    {
        // The processor is always ready.
    }

    /// <inheritdoc/>
    public IDenoiserFactory Models => CpuDenoiserFactory.Instance;

    /// <inheritdoc/>
    public IEncoderFactory Encoders => CpuEncoderFactory.Instance;

    /// <inheritdoc/>
    public NumericProfile ProfileOf(ComputeGroup group) => NumericProfile.Cpu;

    /// <inheritdoc/>
    public ILayerCompute Open(ILayerData layer) => new CpuLayer(layer);

    /// <inheritdoc/>
    public ResourceNeed NeedOf(LayerStep step, LayerSpec layer, long tokens, int threads) => new(step switch
    {
        LayerStep.Rotate => CpuNeeds.Rotate(layer, threads),
        LayerStep.Curve => CpuNeeds.Round(layer.Widest, threads),
        LayerStep.LowRank => CpuNeeds.LowRank(layer, threads),
        LayerStep.Round => CpuNeeds.Round(layer, threads),
        LayerStep.Clip => CpuNeeds.Clip(layer, tokens, threads),
        LayerStep.Measure => CpuNeeds.Measure(layer, threads),
        _ => throw new ArgumentOutOfRangeException(nameof(step), step, "there is no such step"),
    });
}
