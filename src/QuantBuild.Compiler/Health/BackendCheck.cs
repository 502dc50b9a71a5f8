using QuantBuild.Compiler.Compute;
using QuantBuild.Compiler.Compute.Loading;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Manifests;

namespace QuantBuild.Compiler.Health;

/// <summary>The arithmetic torch: whether it is here, and what it would compute on.</summary>
internal static class BackendCheck
{
    private const string Name = "torch";

    /// <summary>Starts the arithmetic where it is installed.</summary>
    /// <param name="registry">Where it is looked for.</param>
    /// <param name="device">The device that is asked for, such as <c>cuda:1</c>; null for the processor.</param>
    public static MachineCheck Of(BackendRegistry registry, string? device)
    {
        bool isCuda = device?.StartsWith("cuda", StringComparison.Ordinal) == true;
        try
        {
            return registry.Find(ComputeBackend.Torch, new ComputeSection(ComputeBackend.Torch, ComputeBackend.Torch)
            {
                Device = isCuda ? ComputeDevice.Cuda : ComputeDevice.Cpu,
            })?.Inspect(measure: false) is { } report
                ? new MachineCheck(Name, CheckState.Good, $"{report.Library}; {report.Device}",
                    $"Manifests with compute: torch and device {(isCuda ? "cuda" : "cpu")} are computed there ({report.Profile})."
                        + (isCuda ? "" : " `doctor --device cuda` looks for a GPU."))
                : new MachineCheck(Name, CheckState.Good, "not among the packages of a model project in this folder",
                    $"Only manifests with compute: torch need it: {BackendRegistry.PackageOf(ComputeBackend.Torch)}.");
        }
        catch (DiagnosticException failure)
        {
            Diagnostic problem = failure.Diagnostics[0];
            return new MachineCheck(Name, CheckState.Note, problem.Message,
                $"Builds with compute: torch fail ({problem.Descriptor.Code}): {problem.Descriptor.Cure}");
        }
    }
}
