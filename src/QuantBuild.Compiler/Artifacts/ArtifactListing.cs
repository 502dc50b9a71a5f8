using System.Collections.Immutable;
using System.Text.Json.Nodes;
using QuantBuild.Artifacts;
using QuantBuild.Compiler.Json;
using QuantBuild.Compiler.Store;
using QuantBuild.Json;

namespace QuantBuild.Compiler.Artifacts;

/// <summary>The files that an <c>artifact.json</c> names. Only that much is read, so that any version of the format will do.</summary>
internal static class ArtifactListing
{
    /// <summary>The files; null when the text names none in a way that can be understood.</summary>
    public static ImmutableArray<PackedFile>? Read(ReadOnlySpan<byte> descriptor)
    {
        try
        {
            var files = ImmutableArray.CreateBuilder<PackedFile>();
            var seen = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
            foreach ((_, JsonNode? expert) in CheckedNodes.Parse(descriptor).Member("experts").Members())
            {
                string directory = expert.Member("directory").Text();
                foreach (JsonNode? file in expert.Member("files").Items())
                {
                    string path = $"{directory}/{file.Member("name").Text()}";
                    // Two names that some platforms take for one would overwrite each other there.
                    if (!IsInside(path) || !seen.Add(path))
                        return null;
                    files.Add(new PackedFile(path, new BlobRef(file.Member("sha256").Digest(), file.Member("size").Size())));
                }
            }
            return FileSizes.AreSummable(files.Select(file => file.Content.Size)) ? files.ToImmutable() : null;
        }
        catch (MalformedJsonException)
        {
            return null;
        }
    }

    /// <summary>
    /// The first name that a descriptor lists and no artifact can have; null when there is none, or nothing can be understood.
    /// </summary>
    public static string? StrangerIn(ReadOnlySpan<byte> descriptor)
    {
        try
        {
            return CheckedNodes.Parse(descriptor).Member("experts").Members()
                .SelectMany(expert => expert.Value.Member("files").Items()
                    .Select(file => $"{expert.Value.Member("directory").Text()}/{file.Member("name").Text()}"))
                .FirstOrDefault(path => !IsInside(path));
        }
        catch (MalformedJsonException)
        {
            return null;
        }
    }

    /// <summary>
    /// Whether a relative path is one that an artifact's file can have, on every platform: weights or JSON in a folder right below. Nothing
    /// else is ever written or deleted.
    /// </summary>
    public static bool IsInside(string path) =>
        path.Split('/') is [var folder, var file] && IsPlain(folder) && IsPlain(file)
        && (file.EndsWith(".safetensors", StringComparison.Ordinal) || file.EndsWith(".json", StringComparison.Ordinal));

    private static bool IsPlain(string part) => part.Length > 0 && part[0] != '.' && PortableName.FaultOf(part) is null
        && part.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-');
}
