using QuantBuild.Compiler.Costs;

namespace QuantBuild.Benchmarks;

/// <summary>What a figure was measured on: the processor, and those of its instructions that decide about products.</summary>
internal static class ProcessorText
{
    private static readonly string[] Telling = ["avx2", "fma", "avx_vnni", "avx512f", "avx512_vnni", "avx512_bf16", "amx_int8", "amx_bf16"];

    /// <summary>Its name and instructions, where the system tells them.</summary>
    public static string Text { get; } = MachineIdentity.Text.Split(", ")[0] + Instructions();

    private static string Instructions()
    {
        if (!File.Exists("/proc/cpuinfo"))
            return "";
        string[] flags = File.ReadLines("/proc/cpuinfo").FirstOrDefault(line => line.StartsWith("flags", StringComparison.Ordinal))?.Split(' ')
            ?? [];
        return $" ({string.Join(' ', Telling.Intersect(flags))})";
    }
}
