using QuantBuild.Models.Vae;
using QuantBuild.SafeTensors;
using QuantBuild.Text;

namespace QuantBuild.Pipelines;

/// <summary>Text encoder and autoencoder on the processor, by this library's own kernels: the same bits on every machine.</summary>
internal sealed class CpuEncoderFactory : IEncoderFactory
{
    private CpuEncoderFactory()
    {
    }

    /// <summary>The factory.</summary>
    public static CpuEncoderFactory Instance { get; } = new();

    /// <inheritdoc/>
    public ITextEncoder OpenTextEncoder(TextEncoderConfig config, ITensorSource source) => new TextEncoder(config, source);

    /// <inheritdoc/>
    public VideoAutoencoder OpenAutoencoder(VaeConfig config, ITensorSource source, VaeTiling? tiling) =>
        new(config, source) { Tiling = tiling };
}
