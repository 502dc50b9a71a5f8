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

    /// <summary>The first name that a descriptor lists and no artifact can have; null when there is none, or nothing can be understood.</summary>
    public static string? StrangerIn(ReadOnlySpan<byte> descriptor)
    {
        try
        {
            return JsonNode.Parse(descriptor)!["experts"]!.AsObject()
                .SelectMany(expert => expert.Value!["files"]!.AsArray().Select(file => $"{expert.Value["directory"]!.GetValue<string>()}/{file!["name"]!.GetValue<string>()}"))
                .FirstOrDefault(path => !IsInside(path));
        }
        catch (Exception failure) when (failure is JsonException or InvalidOperationException or ArgumentException or NullReferenceException)
        {
            return null;
        }
    }

    /// <summary>
    /// Whether a relative path is one that an artifact's file can have, on every platform: weights or JSON in a folder right below. Nothing else is ever
    /// written or deleted.
    /// </summary>
    public static bool IsInside(string path) =>
        path.Split('/') is [var folder, var file] && IsPlain(folder) && IsPlain(file)
        && (file.EndsWith(".safetensors", StringComparison.Ordinal) || file.EndsWith(".json", StringComparison.Ordinal));

    private static bool IsPlain(string part) => part.Length > 0 && part[0] != '.' && PortableName.FaultOf(part) is null
        && part.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-');
}
