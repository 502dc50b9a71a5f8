using QuantBuild.Compiler.Compute;
using QuantBuild.Compiler.Compute.Loading;
using QuantBuild.Compiler.Costs;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Hub;
using QuantBuild.Compiler.Processes;
using QuantBuild.Compiler.Scheduling;
using QuantBuild.Compiler.Store;

namespace QuantBuild.Compiler.Health;

/// <summary>Looks at everything on a machine that builds depend on.</summary>
internal static class MachineReport
{
    /// <summary>All checks. Nothing of the network is used, and no secret becomes part of a finding.</summary>
    /// <param name="store">The store's folder; null for the default.</param>
    /// <param name="variable">Looks an environment variable up.</param>
    /// <param name="compute">Where backends find what they need; null for what the environment and the current folder say.</param>
    public static IReadOnlyList<MachineCheck> Create(string? store, Func<string, string?> variable, ComputeOptions? compute = null)
    {
        compute ??= ComputeOptions.Default;
        string? path = variable("PATH");
        return
        [
            SdkCheck.Of(ProgramPath.Find("dotnet", path)),
            ProcessorCheck.Of(Environment.ProcessorCount, InstructionSets.OfProcess()),
            MemoryCheck.Of(MachineMemory.Read()),
            BackendCheck.Of(BackendRegistry.Of(Path.GetFullPath("any.quant.json"), compute, host => host, variable),
                compute.Device ?? variable(ComputeHost.DeviceVariable)),
            .. StoreChecks(store),
            HubCheck.Of(new HubEnvironment(variable)),
            .. ProgramChecks.All(path),
        ];
    }

    private static IEnumerable<MachineCheck> StoreChecks(string? store)
    {
        try
        {
            store ??= ContentStore.DefaultRoot();
        }
        catch (DiagnosticException failure)
        {
            return [StoreCheck.Failed(failure)];
        }
        return [DiskCheck.Of(store), StoreCheck.Of(store)];
    }
}
