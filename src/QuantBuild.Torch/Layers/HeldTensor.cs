using QuantBuild.Models;
using QuantBuild.Torch.Streaming;
using static TorchSharp.torch;

namespace QuantBuild.Torch.Layers;

/// <summary>A parameter of a layer: on the device for good, while its block is, or brought there on every use.</summary>
internal sealed class HeldTensor : IDisposable
{
    private readonly Func<Tensor> _load;
    private readonly Tensor? _held;

    /// <summary>Brings it to the device, if that is where it stays.</summary>
    /// <param name="load">Makes the tensor.</param>
    /// <param name="storage">
    /// <see cref="WeightStorage.Resident"/> to keep it; <see cref="WeightStorage.Mapped"/> to make it on every use.
    /// </param>
    public HeldTensor(Func<Tensor> load, WeightStorage storage)
    {
        _load = load;
        _held = storage == WeightStorage.Resident ? load().DetachFromDisposeScope() : null;
    }

    /// <summary>Takes one that comes with its block.</summary>
    public HeldTensor(StreamedTensor streamed) => _load = () => streamed.Here;

    /// <summary>The tensor, for the current dispose scope; not to be disposed or changed.</summary>
    public Tensor Use() => _held ?? _load();

    /// <inheritdoc/>
    public void Dispose() => _held?.Dispose();
}
