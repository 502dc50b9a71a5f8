using System.Globalization;
using QuantBuild.Compiler.Manifests.Binding;

namespace QuantBuild.MSBuild;

/// <summary>What a property or a metadatum can be.</summary>
/// <param name="Allowed">The values that it can have, for people.</param>
/// <param name="Accepts">Whether a value is one of them, in a project in a folder.</param>
internal sealed record SettingKind(string Allowed, Func<string, string, bool> Accepts)
{
    private static readonly SettingKind Count = new("0 or a whole number can", (text, _) => IsCount(text, 0));
    private static readonly SettingKind Positive = new("a whole number from 1 on can", (text, _) => IsCount(text, 1));
    private static readonly SettingKind Size = new("a number of bytes, or a size such as 64MiB or 250MB, can", (text, _) =>
        Bytes(text) is not null);
    private static readonly SettingKind Memory = new("a size such as 24GiB, or a share of what is free such as 75%, can", (text, _) =>
        IsMemory(text));
    private static readonly SettingKind Device = new("cpu, cuda and, of several, cuda:1 and so on can", (text, _) => IsDevice(text));
    private static readonly SettingKind Folder = new("a folder, which need not exist, can, and this is a file", (text, project) =>
        !File.Exists(Full(text, project)));
    private static readonly SettingKind FileName = new("a file, which need not exist, can, and this is a folder", (text, project) =>
        !Directory.Exists(Full(text, project)));
    private static readonly SettingKind PackageFolder = new("a folder inside the package can: relative, and without '..'", (text, _) =>
        IsPackageFolder(text));

    /// <summary>
    /// The kind of a name: <c>count</c>, <c>positive</c>, <c>size</c>, <c>memory</c>, <c>device</c>, <c>folder</c>, <c>file</c>,
    /// <c>packageFolder</c>; else values, separated by '|'.
    /// </summary>
    public static SettingKind Named(string name) => name switch
    {
        "count" => Count,
        "positive" => Positive,
        "size" => Size,
        "memory" => Memory,
        "device" => Device,
        "folder" => Folder,
        "file" => FileName,
        "packageFolder" => PackageFolder,
        _ => OneOf(name.Split('|')),
    };

    /// <summary>A number of bytes: as such, or as <c>64MiB</c> and <c>250MB</c>; null for anything else.</summary>
    public static long? Bytes(string text) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long bytes) ? bytes : ByteSize.Parse(text);

    private static SettingKind OneOf(string[] values) =>
        new($"{string.Join(", ", values[..^1])} and {values[^1]} can", (text, _) =>
            values.Contains(text, StringComparer.OrdinalIgnoreCase)); // as MSBuild compares

    private static bool IsCount(string text, int least) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int count) && count >= least;

    private static bool IsMemory(string text) => text.EndsWith('%')
        ? double.TryParse(text.AsSpan(..^1), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double percent)
        && percent is > 0 and <= 100
        : ByteSize.Parse(text) > 0;

    private static bool IsDevice(string text) => text is "cpu" or "cuda"
        || (text.StartsWith("cuda:", StringComparison.Ordinal) && IsCount(text[5..], 0));

    private static string Full(string text, string project) => Path.TrimEndingDirectorySeparator(Path.GetFullPath(text, project));

    private static bool IsPackageFolder(string text) =>
        !Path.IsPathRooted(text) && !text.Contains(':', StringComparison.Ordinal) && !text.Split('/', '\\').Contains("..");
}
