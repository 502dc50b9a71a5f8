using System.Runtime.InteropServices;

namespace QuantBuild.Torch.Tests.Native;

/// <summary>What TorchSharp throws for an error of libtorch.</summary>
/// <param name="message">What libtorch says.</param>
internal sealed class ReportedException(string message) : ExternalException(message);
