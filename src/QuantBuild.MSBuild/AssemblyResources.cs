using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using System.Security.Cryptography;
using QuantBuild.Artifacts;

namespace QuantBuild.MSBuild;

/// <summary>What an assembly embeds, read without loading it.</summary>
internal static class AssemblyResources
{
    /// <summary>SHA-256 of the descriptors among its resources, and an empty text for every other resource, by name.</summary>
    /// <param name="assembly">Its path.</param>
    /// <param name="prefixes">Beginnings of the names that matter.</param>
    public static IReadOnlyDictionary<string, string> Digests(string assembly, IReadOnlyList<string> prefixes)
    {
        using FileStream stream = File.OpenRead(assembly);
        using var file = new PEReader(stream);
        MetadataReader metadata = file.GetMetadataReader();
        var digests = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (ManifestResource resource in metadata.ManifestResources.Select(metadata.GetManifestResource))
        {
            string name = metadata.GetString(resource.Name);
            if (!resource.Implementation.IsNil || !prefixes.Any(prefix => name.StartsWith(prefix, StringComparison.Ordinal)))
                continue;
            digests[name] = name.EndsWith($"/{ArtifactDescriptor.FileName}", StringComparison.Ordinal) ? Digest(file, resource.Offset) : "";
        }
        return digests;
    }

    /// <summary>A resource begins with its length, as 32 bits.</summary>
    private static string Digest(PEReader file, long offset)
    {
        PEMemoryBlock resources = file.GetSectionData(file.PEHeaders.CorHeader!.ResourcesDirectory.RelativeVirtualAddress);
        BlobReader reader = resources.GetReader((int)offset, resources.Length - (int)offset);
        return Convert.ToHexStringLower(SHA256.HashData(reader.ReadBytes(reader.ReadInt32())));
    }
}
