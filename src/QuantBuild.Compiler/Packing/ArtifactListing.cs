using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Nodes;
using QuantBuild.Compiler.Store;

namespace QuantBuild.Compiler.Packing;

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
            foreach ((_, JsonNode? expert) in JsonNode.Parse(descriptor)!["experts"]!.AsObject())
            {
                string directory = expert!["directory"]!.GetValue<string>();
                foreach (JsonNode? file in expert["files"]!.AsArray())
                {
                    string path = $"{directory}/{file!["name"]!.GetValue<string>()}";
                    // Two names that some platforms take for one would overwrite each other there.
                    if (!IsInside(path) || !seen.Add(path))
                        return null;
                    files.Add(new PackedFile(path, new BlobRef(Digest.Parse(file["sha256"]!.GetValue<string>()), file["size"]!.GetValue<long>())));
                }
            }
            return files.ToImmutable();
        }
        catch (Exception failure) when (failure is JsonException or FormatException or InvalidOperationException
            or ArgumentException or NullReferenceException)
        {
            return null;
        }
    }

    /// <summary>Whether a relative path names a file in a folder below, on every platform: nothing is written or deleted anywhere else.</summary>
    public static bool IsInside(string path)
    {
        string[] parts = path.Split('/');
        return parts.Length > 1 && parts.All(part => part.Length > 0 && part[0] != '.' && PortableName.FaultOf(part) is null);
    }
}
