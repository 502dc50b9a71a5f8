using System.Runtime.InteropServices;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Torch.Sessions;
using QuantBuild.Torch.Kernels;
using QuantBuild.Torch.Native;

namespace QuantBuild.Compiler.Torch.Tests;

public sealed class TorchDiagnosticsTests
{
    public static TheoryData<Exception, string, string> Failures { get; } = new()
    {
        { new OfLibtorch("CUDA error: an illegal memory access\nException raised from here"), "QB3247", "an illegal memory access" },
        { new KernelException("cuLaunchKernel failed: CUDA error 700"), "QB3247", "cuLaunchKernel failed: CUDA error 700" },
        { new TorchException(TorchProblem.DeviceFailed, "CUDA error 719 in cuEventRecord"), "QB3247", "CUDA error 719 in cuEventRecord" },
        { new TorchException(TorchProblem.OutOfMemory, "too little"), "QB3244", "too little" },
    };

    [Theory, MemberData(nameof(Failures))]
    public void What_fails_on_a_device_has_a_code_and_one_line(Exception failure, string code, string text)
    {
        Diagnostic told = Assert.Single(Assert.Throws<DiagnosticException>(() => TorchDiagnostics.Guard<int>(() => throw failure))
            .Diagnostics);

        Assert.Equal(code, told.Descriptor.Code);
        Assert.EndsWith(text, told.Message, StringComparison.Ordinal);
    }

    private sealed class OfLibtorch(string message) : ExternalException(message);
}
