using System.Runtime.InteropServices;
using QuantBuild.Compiler.Store;

namespace QuantBuild.Compiler.Costs;

/// <summary>What a measured speed belongs to.</summary>
internal static class MachineIdentity
{
    /// <summary>
    /// The processor's name where the system tells it, the instructions that this process may use, and the version of the tool.
    /// </summary>
    public static string Text { get; } =
        $"{Processor()}, {InstructionSets.OfProcess()}, {RuntimeInformation.FrameworkDescription}, quantbuild {ToolVersion.Text}";

    private static string Processor()
    {
        try
        {
            return File.ReadLines("/proc/cpuinfo")
                .FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal))?.Split(':', 2)[1].Trim() ?? Fallback();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return Fallback();
        }
    }

    private static string Fallback() => Environment.GetEnvironmentVariable("PROCESSOR_IDENTIFIER") ?? RuntimeInformation.RuntimeIdentifier;
}
