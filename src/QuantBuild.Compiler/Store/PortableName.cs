using System.Buffers;

namespace QuantBuild.Compiler.Store;

/// <summary>Names of files that every platform can have: what Windows reads otherwise than it is written is refused everywhere.</summary>
internal static class PortableName
{
    private static readonly SearchValues<char> Reserved = SearchValues.Create("\\:*?\"<>|");

    /// <summary>Names of devices, with any extension.</summary>
    private static readonly HashSet<string> Devices = new(
        ["CON", "PRN", "AUX", "NUL", .. Enumerable.Range(1, 9).SelectMany(i => (string[])[$"COM{i}", $"LPT{i}"])],
            StringComparer.OrdinalIgnoreCase);

    /// <summary>What is wrong with one part of a path; null when nothing is.</summary>
    public static string? FaultOf(ReadOnlySpan<char> part)
    {
        if (part.IndexOfAny(Reserved) >= 0)
            return "it has a character that file names on Windows cannot have";
        foreach (char c in part)
        {
            if (char.IsControl(c))
                return "it has control characters";
        }
        if (part is [.., '.' or ' '])
            return "a part ends with a dot or a space, which Windows drops";
        int dot = part.IndexOf('.');
        return Devices.GetAlternateLookup<ReadOnlySpan<char>>().Contains((dot < 0 ? part : part[..dot]).TrimEnd(' '))
            ? "a part is the name of a device on Windows"
            : null;
    }
}
