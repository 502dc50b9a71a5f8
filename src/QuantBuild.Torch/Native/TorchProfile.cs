using System.Globalization;
using System.Runtime.Intrinsics.X86;
using TorchSharp;

namespace QuantBuild.Torch.Native;

/// <summary>Names an arithmetic of libtorch by everything that the bytes of its results depend on.</summary>
internal static class TorchProfile
{
    /// <summary>Variables that limit the instructions of libtorch and of what is in it.</summary>
    private static readonly string[] Limits = ["ATEN_CPU_CAPABILITY", "ONEDNN_MAX_CPU_ISA", "MKL_CBWR"];

    /// <summary>The name of an arithmetic.</summary>
    /// <param name="machine">What <see cref="MachineOf"/> says.</param>
    /// <param name="type">Element type of operands.</param>
    /// <param name="isFp8">Whether 4-bit layers may be multiplied as FP8.</param>
    public static string NameOf(string machine, torch.ScalarType type, bool isFp8) =>
        $"{machine}-{(type == torch.ScalarType.Float32 ? "f32" : "bf16")}{(isFp8 ? "-fp8" : "")}";

    /// <summary>
    /// What a name begins with on this machine: libtorch's version, and what the device is. It needs no libtorch; a GPU that is not there
    /// is <c>unknown</c>.
    /// </summary>
    /// <param name="name">The device, such as <c>cuda:1</c>.</param>
    /// <param name="threads">Threads of products on the processor.</param>
    /// <exception cref="TorchException">The device's name is none.</exception>
    public static string MachineOf(string name, int threads)
    {
        (DeviceType type, int index) = TorchDevice.Parse(name);
        string device = type == DeviceType.CUDA ? "cuda-" + CudaDriver.NameOf(index) : ProcessorName(threads);
        return $"torch-{TorchLibrary.FoundVersion ?? TorchLibrary.Version}-{device}";
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
