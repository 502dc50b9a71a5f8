using System.Runtime.InteropServices;
using TorchSharp;

namespace QuantBuild.Torch.Native;

/// <summary>What libtorch reports, as sentences.</summary>
internal static class TorchErrors
{
    /// <summary>Whether an exception of TorchSharp says that there is no memory left.</summary>
    public static bool IsOutOfMemory(ExternalException e) =>
        e.Message.Contains("out of memory", StringComparison.OrdinalIgnoreCase)
        || e.Message.Contains("not enough memory", StringComparison.OrdinalIgnoreCase)
        || e.Message.Contains("can't allocate memory", StringComparison.OrdinalIgnoreCase)
        // Of cuBLAS and cuDNN, which ask the driver themselves.
        || e.Message.Contains("_STATUS_ALLOC_FAILED", StringComparison.Ordinal);

    /// <summary>The sentence for it.</summary>
    /// <param name="e">What TorchSharp threw.</param>
    /// <param name="device">The device.</param>
    /// <param name="what">What was being done.</param>
    public static TorchException OutOfMemory(ExternalException e, torch.Device device, string what) => new(TorchProblem.OutOfMemory,
        $"the memory of {device} does not suffice for {what} ({e.Message.Split('\n')[0].Trim()}); take a smaller video, or leave the "
            + $"weights in "
            + "their files (WeightStorage.Mapped, ExpertMemory.None)", e);
}
