namespace QuantBuild.Torch.Kernels;

/// <summary>Says why there is no kernel on a device; plain operations take its place.</summary>
/// <param name="message">The reason, as the end of a sentence.</param>
internal sealed class KernelException(string message) : Exception(message);
