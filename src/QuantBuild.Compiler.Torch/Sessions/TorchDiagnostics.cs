using System.Runtime.InteropServices;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Torch.Kernels;
using QuantBuild.Torch.Native;
using TorchSharp;

namespace QuantBuild.Compiler.Torch.Sessions;

/// <summary>What TorchSharp reports, with the compiler's codes.</summary>
internal static class TorchDiagnostics
{
    /// <summary>Runs work; what TorchSharp cannot do becomes a diagnostic.</summary>
    /// <exception cref="DiagnosticException">It cannot be done (QB3240 to QB3244, QB3247).</exception>
    public static T Guard<T>(Func<T> work)
    {
        try
        {
            return work();
        }
        catch (Exception e) when (IsFailure(e))
        {
            throw Of(e);
        }
    }

    /// <summary>Whether an exception comes of libtorch, a device or its driver.</summary>
    public static bool IsFailure(Exception e) => e is TorchException or ExternalException or KernelException;

    /// <summary>The diagnostic of such a failure. libtorch's own texts have a stack trace of C++ behind the first line.</summary>
    public static DiagnosticException Of(Exception e) => e is TorchException known
        ? new DiagnosticException(DescriptorOf(known.Problem).At(null, known.Message), known)
        : new DiagnosticException(Descriptors.TorchDeviceFailed.At(null, e.Message.Split('\n')[0].Trim()), e);

    /// <summary>The same for a step of a layer, whose operations report what they lack themselves.</summary>
    /// <param name="device">The device.</param>
    /// <param name="what">What is being done, for the sentence.</param>
    /// <param name="work">The work.</param>
    public static T Guard<T>(torch.Device device, string what, Func<T> work) => Guard(() =>
    {
        try
        {
            return work();
        }
        catch (ExternalException e) when (TorchErrors.IsOutOfMemory(e))
        {
            throw TorchErrors.OutOfMemory(e, device, what);
        }
    });

    private static DiagnosticDescriptor DescriptorOf(TorchProblem problem) => problem switch
    {
        TorchProblem.StandardLibraryTooOld => Descriptors.TorchStandardLibrary,
        TorchProblem.WrongVersion => Descriptors.TorchVersion,
        TorchProblem.NoSuchDevice => Descriptors.TorchDevice,
        TorchProblem.DeviceFailed => Descriptors.TorchDeviceFailed,
        TorchProblem.OutOfMemory => Descriptors.TorchOutOfMemory,
        _ => Descriptors.TorchMissing,
    };
}
