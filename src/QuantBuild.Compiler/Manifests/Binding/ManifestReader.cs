using System.Collections.Immutable;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Manifests.Json;
using QuantBuild.Compiler.Store;

namespace QuantBuild.Compiler.Manifests.Binding;

/// <summary>
/// Reads a quant manifest: JSON with comments and trailing commas, described in <c>docs/manifest.md</c>. All errors are reported at
/// once, except that nothing can be said about what follows a syntax error. Files that the manifest names are not looked at.
/// </summary>
internal static class ManifestReader
{
    private const int MaxMebibytes = 16;

    /// <summary>Reads a manifest file.</summary>
    /// <param name="path">Its path; relative paths start at the current folder.</param>
    public static ManifestReadResult Read(string path)
    {
        string file = Path.GetFullPath(path);
        try
        {
            return ReadBounded(file) is { } content
                ? ReadText(file, content)
                : Failed(Descriptors.ManifestTooLarge.At(new SourceSpan(file), MaxMebibytes));
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            return Failed(Descriptors.ManifestNotFound.At(new SourceSpan(file)));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return Failed(Descriptors.ManifestUnreadable.At(new SourceSpan(file), error.Message));
        }
    }

    /// <summary>Reads a manifest from memory.</summary>
    /// <param name="path">Where it counts as lying: the origin of diagnostics and of relative paths.</param>
    /// <param name="utf8">Its text.</param>
    public static ManifestReadResult ReadText(string path, ReadOnlySpan<byte> utf8)
    {
        string file = Path.GetFullPath(path);
        var problems = new List<Diagnostic>();
        QuantManifest? manifest = JsonTree.Parse(file, utf8, problems) is { } root
            ? new ManifestBinder(file, new ValueBinder(problems)).Bind(root)
            : null;
        return new ManifestReadResult(problems.Count == 0 ? manifest! with { Content = Digest.Of(utf8) } : null,
            [.. problems.OrderBy(problem => problem.Span?.Line).ThenBy(problem => problem.Span?.Column)]);
    }

    private static ManifestReadResult Failed(Diagnostic problem) => new(null, [problem]);

    /// <summary>The content, or null when there is more than the cap; the length is not asked for, because a device has none.</summary>
    private static byte[]? ReadBounded(string file)
    {
        using FileStream stream = File.OpenRead(file);
        using var content = new MemoryStream();
        byte[] buffer = new byte[1 << 16];
        for (int read = stream.Read(buffer); read > 0; read = stream.Read(buffer))
        {
            content.Write(buffer, 0, read);
            if (content.Length > MaxMebibytes << 20)
                return null;
        }
        return content.ToArray();
    }
}
