using static TorchSharp.torch;

namespace QuantBuild.Torch.Vae;

/// <summary>A layer of the autoencoder on the device; what it must remember of a video is in the memory.</summary>
internal interface ITorchVaeLayer
{
    /// <summary>Works on the next frames of a video.</summary>
    /// <param name="x">[1, channels, frames, height, width] float32; must not be changed.</param>
    /// <param name="memory">The video's past.</param>
    /// <returns>A tensor of the current dispose scope; null where the layer needs another frame first.</returns>
    Tensor? Apply(Tensor x, VaeMemoryOfVideo memory);
}
