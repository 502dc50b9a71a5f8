using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Scheduling;

namespace QuantBuild.Compiler.Health;

/// <summary>Memory that a build may take.</summary>
internal static class MemoryCheck
{
    /// <summary>Less than this makes layers of the 14-billion-parameter experts run alone, whatever the cores.</summary>
    private const long Comfortable = 6L << 30;

    public static MachineCheck Of(MachineMemory memory)
    {
        long limit = MemoryLimit.Default.Resolve(memory);
        string finding = $"{ByteText.Of(memory.Available)} free of {ByteText.Of(memory.Total)}";
        string share = $"A build takes up to {ByteText.Of(limit)}, 70 % of what is free, unless --memory-limit says otherwise";
        return limit < ProcessMemory.Program
            ? new MachineCheck("memory", CheckState.Problem, finding,
                $"A build takes {ByteText.Of(ProcessMemory.Program)} before its first layer: free some.")
            : limit < Comfortable
            ? new MachineCheck("memory", CheckState.Note, finding,
                $"{share}: enough for small models. Layers of a 14B expert are then done one at a time, which is slower.")
            : new MachineCheck("memory", CheckState.Good, finding, $"{share}.");
    }
}
