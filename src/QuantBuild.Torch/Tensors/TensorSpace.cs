using TorchSharp;
using static TorchSharp.torch;

namespace QuantBuild.Torch.Tensors;

/// <summary>Where tensors live, and the element type of products there.</summary>
/// <param name="Device">The device.</param>
/// <param name="Type">Element type of weights and of the inputs of products.</param>
internal sealed record TensorSpace(Device Device, ScalarType Type)
{
    /// <summary>Threads of products on the processor.</summary>
    public int Threads { get; init; } = get_num_threads();

    /// <summary>Whether the device is a GPU.</summary>
    public bool IsCuda => Device.type == DeviceType.CUDA;

    /// <summary>Begins work whose tensors are gone when it ends: without gradients, and with this space's threads.</summary>
    public TensorWork Begin()
    {
        if (get_num_threads() != Threads)
            set_num_threads(Threads);
        return new TensorWork();
    }

    /// <summary>Floats of the host as a tensor on the device.</summary>
    public Tensor Of(ReadOnlySpan<float> values, params long[] shape)
    {
        Tensor host = empty(shape, dtype: ScalarType.Float32);
        System.Runtime.InteropServices.MemoryMarshal.AsBytes(values).CopyTo(host.bytes);
        return Move(host);
    }

    /// <summary>Indices as a tensor on the device.</summary>
    public Tensor Of(ReadOnlySpan<int> values)
    {
        Tensor host = empty([values.Length], dtype: ScalarType.Int32);
        System.Runtime.InteropServices.MemoryMarshal.AsBytes(values).CopyTo(host.bytes);
        return Move(host);
    }

    /// <summary>Copies a tensor of any layout to the host.</summary>
    /// <param name="tensor">The tensor; its elements are of the type that the bytes are for.</param>
    /// <param name="destination">As many bytes.</param>
    public static void CopyToHost(Tensor tensor, Span<byte> destination)
    {
        using Tensor host = tensor.to(CPU).contiguous();
        host.bytes.CopyTo(destination);
    }

    private Tensor Move(Tensor host)
    {
        if (!IsCuda)
            return host;
        Tensor moved = host.to(Device);
        host.Dispose();
        return moved;
    }
}
