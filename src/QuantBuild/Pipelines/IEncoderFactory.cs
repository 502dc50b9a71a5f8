using QuantBuild.Models.Vae;
using QuantBuild.SafeTensors;
using QuantBuild.Text;

namespace QuantBuild.Pipelines;

/// <summary>Opens what is around the experts with one arithmetic: that of the processor, or of a device.</summary>
internal interface IEncoderFactory
{
    /// <summary>Opens a text encoder.</summary>
    /// <param name="config">Its shape.</param>
    /// <param name="source">Its tensors; must stay open.</param>
    /// <exception cref="SafeTensorsException">A tensor is missing, of another shape, or no float.</exception>
    ITextEncoder OpenTextEncoder(TextEncoderConfig config, ITensorSource source);

    /// <summary>Opens an autoencoder.</summary>
    /// <param name="config">Its shape.</param>
    /// <param name="source">Its tensors; must stay open.</param>
    /// <param name="tiling">Tiles for pictures larger than one; null to work on whole pictures.</param>
    VideoAutoencoder OpenAutoencoder(VaeConfig config, ITensorSource source, VaeTiling? tiling);
}
