using System.Runtime.InteropServices;
using QuantBuild.Torch.Tensors;
using TorchSharp;

namespace QuantBuild.Torch.Tests;

/// <summary>Tensors of the processor, for tests of parts.</summary>
internal static class OnProcessor
{
    public static TensorSpace Space { get; } = Start(torch.ScalarType.Float32);

    public static TensorSpace BFloat16 { get; } = Start(torch.ScalarType.BFloat16);

    public static float[] Read(torch.Tensor tensor)
    {
        var values = new float[tensor.numel()];
        using torch.Tensor floats = tensor.to(torch.ScalarType.Float32);
        TensorSpace.CopyToHost(floats, MemoryMarshal.AsBytes(values.AsSpan()));
        return values;
    }

    private static TensorSpace Start(torch.ScalarType type)
    {
        _ = Runtimes.Float32;
        return new TensorSpace(torch.CPU, type);
    }
}
