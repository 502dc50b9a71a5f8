namespace QuantBuild.SafeTensors;

/// <summary>A safetensors file, or a sharded checkpoint, that breaks a rule of the format.</summary>
/// <param name="rule">Short stable name of the broken rule, such as <c>HeaderTooLarge</c>.</param>
/// <param name="message">What is wrong, with names and numbers.</param>
/// <param name="path">The file, when it has one; it is put before the message.</param>
/// <param name="cause">The exception that showed it, if one did.</param>
public sealed class SafeTensorsException(string rule, string message, string? path = null, Exception? cause = null)
    : Exception(path is null ? message : $"{path}: {message}", cause)
{
    /// <summary>Short stable name of the broken rule.</summary>
    public string Rule { get; } = rule;

    /// <summary>What is wrong, without the path.</summary>
    public string Reason { get; } = message;

    /// <summary>The file at fault, or null for a file in memory.</summary>
    public string? Path { get; } = path;

    /// <summary>Whether the file was cut short by somebody after it had been opened.</summary>
    public bool IsShrunk => Rule == ShrunkRule;

    private const string ShrunkRule = "FileShrunk";

    internal static SafeTensorsException Shrunk(string path) => new(ShrunkRule, "the file became shorter while it was read", path);
}
