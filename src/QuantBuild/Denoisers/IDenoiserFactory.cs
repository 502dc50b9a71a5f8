using QuantBuild.Artifacts;
using QuantBuild.Models;
using QuantBuild.Models.Wan;
using QuantBuild.SafeTensors;

namespace QuantBuild.Denoisers;

/// <summary>Opens experts with one arithmetic: that of the processor, or of a device.</summary>
public interface IDenoiserFactory
{
    /// <summary>Loads a full-precision expert.</summary>
    /// <param name="config">Its shape.</param>
    /// <param name="weights">Its tensors under their original names, F32, F16 or BF16.</param>
    /// <param name="storage">
    /// Where its weights live: <see cref="WeightStorage.Resident"/> in the memory of whatever computes; with
    /// <see cref="WeightStorage.Mapped"/> they are brought there when a layer needs them, and <paramref name="weights"/> must stay open.
    /// </param>
    /// <exception cref="SafeTensorsException">A tensor is missing, or has another shape or an element type that is no float.</exception>
    IDenoiser Open(WanConfig config, ITensorSource weights, WeightStorage storage = WeightStorage.Resident);

    /// <summary>Loads an expert of an artifact, quantized layers included.</summary>
    /// <param name="quantized">The expert.</param>
    /// <param name="storage">As above; with <see cref="WeightStorage.Mapped"/> the artifact must stay open.</param>
    IDenoiser Open(ArtifactExpertModel quantized, WeightStorage storage = WeightStorage.Resident);
}
