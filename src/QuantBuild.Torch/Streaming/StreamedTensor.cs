using QuantBuild.Torch.Tensors;
using static TorchSharp.torch;

namespace QuantBuild.Torch.Streaming;

/// <summary>A weight that is on the device only while its block is the current or the next one.</summary>
/// <param name="name">Its name, for messages.</param>
/// <param name="shape">Its shape.</param>
/// <param name="type">Its element type there.</param>
/// <param name="read">Reads its bytes.</param>
internal sealed class StreamedTensor(string name, long[] shape, ScalarType type, PortionReader read)
{
    private Tensor? _here;

    /// <summary>Whether it is on the device, or on its way there.</summary>
    public bool IsHere => _here is not null;

    /// <summary>The tensor; not to be disposed or changed.</summary>
    /// <exception cref="InvalidOperationException">Its block is neither the current nor the next one.</exception>
    public Tensor Here => _here ?? throw new InvalidOperationException($"'{name}' is used outside of its block");

    /// <summary>Elements.</summary>
    public long Elements => shape.Aggregate(1L, (product, size) => product * size);

    /// <summary>Bytes of an element.</summary>
    public int ElementBytes => type switch
    {
        ScalarType.Byte => 1,
        ScalarType.Float16 or ScalarType.BFloat16 => 2,
        _ => 4,
    };

    /// <summary>Makes room for it on the device, on the thread that computes; its values are not there yet.</summary>
    public void Make(TensorSpace space) => _here = empty(shape, dtype: type, device: space.Device).DetachFromDisposeScope();

    /// <summary>Reads some of its elements; from any thread.</summary>
    /// <param name="first">Index of the first one.</param>
    /// <param name="destination">Receives as many as it has room for.</param>
    public void Read(long first, Span<byte> destination) => read(first, destination);

    /// <summary>Frees its room, on the thread that made it.</summary>
    public void Release()
    {
        _here?.Dispose();
        _here = null;
    }
}
