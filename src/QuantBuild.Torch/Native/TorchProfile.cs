using System.Globalization;
using System.Runtime.Intrinsics.X86;
using TorchSharp;

namespace QuantBuild.Torch.Native;

/// <summary>Names an arithmetic of libtorch by everything that the bytes of its results depend on.</summary>
internal static class TorchProfile
{
    /// <summary>Variables that limit the instructions of libtorch and of what is in it.</summary>
    private static readonly string[] Limits = ["ATEN_CPU_CAPABILITY", "ONEDNN_MAX_CPU_ISA", "MKL_CBWR"];

    /// <summary>The name of an arithmetic on this machine; libtorch has been started.</summary>
    public static string NameOf(torch.Device on, torch.ScalarType type, int threads, bool isFp8)
    {
        string operands = type == torch.ScalarType.Float32 ? "f32" : "bf16";
        string device = on.type == DeviceType.CUDA ? "cuda-" + CudaDriver.NameOf(on.index) : ProcessorName(threads);
        return $"torch-{TorchLibrary.Version}-{device}-{operands}{(isFp8 ? "-fp8" : "")}";
    }

    /// <summary>Threads, the processor's model, whose caches decide how products are cut, and what limits its instructions.</summary>
    private static string ProcessorName(int threads)
    {
        int model = X86Base.IsSupported ? X86Base.CpuId(1, 0).Eax : 0;
        string limits = string.Concat(Limits.Select(Environment.GetEnvironmentVariable).Where(value => !string.IsNullOrEmpty(value))
            .Select(value => "-" + value));
        return string.Create(CultureInfo.InvariantCulture, $"cpu-{model:x8}{limits}-t{threads}");
    }
}
