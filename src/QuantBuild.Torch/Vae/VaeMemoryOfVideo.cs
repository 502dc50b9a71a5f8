using TorchSharp;
using static TorchSharp.torch;

namespace QuantBuild.Torch.Vae;

/// <summary>The frames that convolutions over time saw last of a video.</summary>
internal sealed class VaeMemoryOfVideo : IDisposable
{
    private readonly Dictionary<TorchVideoConvolution, Tensor> _past = [];

    /// <summary>Whether the frame worked on is the first, which is not halved or doubled in time.</summary>
    public bool IsFirst { get; set; } = true;

    /// <summary>The frames that a convolution saw last; null when there are none.</summary>
    public Tensor? PastOf(TorchVideoConvolution layer) => _past.GetValueOrDefault(layer);

    /// <summary>Keeps the last of some frames as what a convolution saw last.</summary>
    /// <param name="layer">The convolution.</param>
    /// <param name="x">[1, channels, frames, height, width].</param>
    /// <param name="frames">How many.</param>
    public void Keep(TorchVideoConvolution layer, Tensor x, long frames)
    {
        Tensor kept = x.narrow(2, x.shape[2] - frames, frames).clone().DetachFromDisposeScope();
        if (_past.Remove(layer, out Tensor? before))
            before.Dispose();
        _past.Add(layer, kept);
    }

    /// <summary>Forgets the video.</summary>
    public void Dispose()
    {
        foreach (Tensor past in _past.Values)
            past.Dispose();
        _past.Clear();
        IsFirst = true;
    }
}
