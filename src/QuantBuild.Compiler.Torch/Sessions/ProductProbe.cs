using System.Diagnostics;
using TorchSharp;
using static TorchSharp.torch;

namespace QuantBuild.Compiler.Torch.Sessions;

/// <summary>How fast a device multiplies large matrices.</summary>
internal static class ProductProbe
{
    private const int OnProcessor = 1024;
    private const int OnGpu = 8192;
    private const int Runs = 3;

    /// <summary>Seconds per multiply-add, the best of a few products after one that warms up.</summary>
    /// <param name="device">The device.</param>
    /// <param name="type">Element type of the operands.</param>
    public static double Run(Device device, ScalarType type)
    {
        using DisposeScope scope = NewDisposeScope();
        int size = device.type == DeviceType.CUDA ? OnGpu : OnProcessor;
        Tensor a = ones([size, size], dtype: type, device: device), b = ones([size, size], dtype: type, device: device);
        Seconds(a, b);
        return Enumerable.Range(0, Runs).Min(_ => Seconds(a, b)) / Math.Pow(size, 3);
    }

    private static double Seconds(Tensor a, Tensor b)
    {
        using DisposeScope scope = NewDisposeScope();
        long start = Stopwatch.GetTimestamp();
        // Reading an element waits for the device.
        _ = a.mm(b)[0, 0].to(ScalarType.Float32).item<float>();
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }
}
