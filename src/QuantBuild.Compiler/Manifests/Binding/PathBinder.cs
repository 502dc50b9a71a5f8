using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Manifests.Json;

namespace QuantBuild.Compiler.Manifests.Binding;

/// <summary>
/// Paths in a manifest: either separator, absolute or relative to the manifest's folder. Whether they exist is the planner's business.
/// </summary>
internal static class PathBinder
{
    /// <summary>An absolute path, or null after a report.</summary>
    public static string? Absolute(ManifestNode? node, string path, string manifest, ValueBinder values) =>
        Relative(node, path, values) is { } text ? Path.GetFullPath(text, Path.GetDirectoryName(manifest)!) : null;

    /// <summary>A path as written, with this machine's separators, or null after a report.</summary>
    public static string? Relative(ManifestNode? node, string path, ValueBinder values)
    {
        if (values.Text(node, path) is not { } text)
            return null;
        string? fault = text switch
        {
            _ when string.IsNullOrWhiteSpace(text) => "a path cannot be empty",
            _ when text.Contains('\0') => "a path cannot contain NUL",
            _ when text.Contains("://") => "it must be a folder or file on this machine; download the checkpoint first",
            _ => null,
        };
        if (fault is null)
            return text.Replace('\\', Path.DirectorySeparatorChar).Replace('/', Path.DirectorySeparatorChar);
        values.Report(Descriptors.InvalidText, node!.Span, path, text, fault);
        return null;
    }
}
