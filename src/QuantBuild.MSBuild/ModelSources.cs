using System.Text.Json;

namespace QuantBuild.MSBuild;

/// <summary>
/// What a model is made of: its manifest, its lock file, what its last build read, and all that lies in its checkpoint's folder.
/// </summary>
internal sealed class ModelSources
{
    private static readonly JsonDocumentOptions Lenient = new() { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true };

    private static readonly StringComparison Paths = OperatingSystem.IsWindows()
        ? StringComparison.OrdinalIgnoreCase
        : StringComparison.Ordinal;

    private readonly HashSet<string> _files = new(StringComparer.FromComparison(Paths));
    private readonly List<string> _folders = [];

    /// <summary>Adds a model.</summary>
    /// <param name="manifest">Its manifest, a full path.</param>
    /// <param name="lockFile">Its lock file.</param>
    /// <param name="inputsFile">The list of what its last build read; may not exist.</param>
    public void Add(string manifest, string lockFile, string inputsFile)
    {
        _files.Add(manifest);
        _files.Add(lockFile);
        if (File.Exists(inputsFile))
            _files.UnionWith(File.ReadLines(inputsFile));
        if (Checkpoint(manifest) is { } folder && !manifest.StartsWith(folder, Paths))
            _folders.Add(folder);
    }

    /// <summary>Whether a file is one of them.</summary>
    /// <param name="path">Its full path.</param>
    public bool Contain(string path) => _files.Contains(path) || _folders.Exists(folder => path.StartsWith(folder, Paths));

    /// <summary>
    /// The checkpoint's folder, with a separator at its end; null for one of the Hub, or when only the quantizer can say what is wrong.
    /// </summary>
    private static string? Checkpoint(string manifest)
    {
        try
        {
            using JsonDocument json = JsonDocument.Parse(File.ReadAllText(manifest), Lenient);
            if (json.RootElement.GetProperty("model").GetProperty("source").GetString() is not { } source
                || source.Contains("://", StringComparison.Ordinal))
                return null;
            string folder = Path.GetFullPath(source.Replace('\\', '/'), Path.GetDirectoryName(manifest)!);
            return Path.TrimEndingDirectorySeparator(folder) + Path.DirectorySeparatorChar;
        }
        catch (Exception failure) when (failure is JsonException or InvalidOperationException or KeyNotFoundException or ArgumentException
            or IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
