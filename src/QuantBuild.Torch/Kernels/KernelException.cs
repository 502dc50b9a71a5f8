namespace QuantBuild.Torch.Kernels;

/// <summary>Says why a kernel cannot be had on a device, where plain operations take its place, or that one did not start.</summary>
/// <param name="message">The reason, as the end of a sentence.</param>
internal sealed class KernelException(string message) : Exception(message);
