namespace QuantBuild.Compiler.Store;

/// <summary>The names that a store's folder can have in it.</summary>
internal static class StoreNames
{
    private const string TemporaryFormat = "format.";

    /// <summary>Entry by entry, which names can be inside; null where any can.</summary>
    private static readonly Dictionary<string, Func<string, bool>?> Own = new(StringComparer.Ordinal)
    {
        ["blobs"] = name => name == "sha256",
        ["actions"] = IsShard,
        ["memo"] = IsShard,
        ["locks"] = name => name is "gate" or "sessions" or "users" || name.EndsWith(".lock", StringComparison.Ordinal),
        ["tmp"] = name => IsIdentifier(Path.GetFileNameWithoutExtension(name)),
        ["builds"] = name => name.EndsWith(".json", StringComparison.Ordinal),
        ["machine"] = name => name.EndsWith(".json", StringComparison.Ordinal),
        ["format"] = null,
        ["CACHEDIR.TAG"] = null,
        ["lost+found"] = null,
    };

    /// <summary>An entry that no store has, relative to the folder; null when there is none.</summary>
    public static string? FirstForeign(string root)
    {
        foreach (string path in Directory.EnumerateFileSystemEntries(root))
        {
            string name = Path.GetFileName(path);
            if (name[0] == '.' || IsTemporaryFormat(name))
                continue;
            if (!Own.TryGetValue(name, out Func<string, bool>? isOwn))
                return name;
            if (isOwn is not null && Directory.Exists(path)
                && Directory.EnumerateFileSystemEntries(path).Select(Path.GetFileName)
                .FirstOrDefault(inside => !isOwn(inside!)) is { } foreign)
            {
                return $"{name}/{foreign}";
            }
        }
        return null;
    }

    /// <summary>Whether an older version wrote the file before it renamed it to <c>format</c>.</summary>
    public static bool IsTemporaryFormat(string name) =>
        name.StartsWith(TemporaryFormat, StringComparison.Ordinal) && IsIdentifier(name[TemporaryFormat.Length..]);

    private static bool IsShard(string name) => name.Length == 2 && name.All(char.IsAsciiHexDigitLower);

    private static bool IsIdentifier(string name) => name.Length == 32 && name.All(char.IsAsciiHexDigitLower);
}
