namespace QuantBuild.Compiler.Scheduling;

/// <summary>How a limit for the whole process is divided.</summary>
internal static class ProcessMemory
{
    /// <summary>What the program itself takes, whatever the model: runtime, compiled code, tables, buffers of the file system.</summary>
    public const long Program = 170L << 20;

    // Of what is left beside the program, this part is for declared work; the rest is for what the collector has not given back yet.
    private const double Declared = 0.9;

    /// <summary>Bytes for declared work under a limit for the whole process.</summary>
    public static long BudgetOf(long limit) => (long)(Math.Max(0, limit - Program) * Declared);

    /// <summary>
    /// The least limit for the whole process under which work of so many bytes fits; the inverse of <see cref="BudgetOf"/>.
    /// </summary>
    public static long LimitFor(long bytes) => Program + (long)Math.Ceiling(bytes / Declared);
}
