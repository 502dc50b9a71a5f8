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
        return $" (family {Field("cpu family")}, model {Field("model")}; {string.Join(' ', Telling.Intersect(Field("flags").Split(' ')))})";
    }

    /// <summary>A field of the first processor: a cloud's names of processors do not tell their generation.</summary>
    private static string Field(string name) =>
        File.ReadLines("/proc/cpuinfo").Select(line => line.Split(':', 2, StringSplitOptions.TrimEntries))
            .FirstOrDefault(parts => parts.Length == 2 && parts[0] == name)?[1] ?? "";
}
