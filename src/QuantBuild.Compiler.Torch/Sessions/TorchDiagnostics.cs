using System.Runtime.InteropServices;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Torch.Native;
using TorchSharp;

namespace QuantBuild.Compiler.Torch.Sessions;

/// <summary>What TorchSharp reports, with the compiler's codes.</summary>
internal static class TorchDiagnostics
{
    /// <summary>Runs work; what TorchSharp cannot do becomes a diagnostic.</summary>
    /// <exception cref="DiagnosticException">It cannot be done (QB3240 to QB3244).</exception>
    public static T Guard<T>(Func<T> work)
    {
        try
        {
            return work();
        }
        catch (TorchException e)
        {
            throw Of(e);
        }
    }

    /// <summary>The diagnostic of a failure.</summary>
    public static DiagnosticException Of(TorchException e) => new(DescriptorOf(e.Problem).At(null, e.Message), e);

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
        TorchProblem.OutOfMemory => Descriptors.TorchOutOfMemory,
        _ => Descriptors.TorchMissing,
    };
}
