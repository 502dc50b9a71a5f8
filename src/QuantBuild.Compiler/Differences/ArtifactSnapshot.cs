using System.Collections.Immutable;
using System.Globalization;
using System.Security.Cryptography;
using QuantBuild.Artifacts;
using QuantBuild.Compiler.Artifacts;
using QuantBuild.Compiler.Store;
using QuantBuild.Compiler.Work;
using QuantBuild.SafeTensors;

namespace QuantBuild.Compiler.Differences;

/// <summary>A build as its artifact tells it: the descriptor, the measured errors beside it, and the tensors themselves.</summary>
internal static class ArtifactSnapshot
{
    /// <summary>Describes an artifact.</summary>
    /// <param name="folder">Its folder.</param>
    /// <param name="descriptor">Its descriptor.</param>
    /// <param name="withTensors">Whether to hash the tensors of every layer: that reads the artifact once.</param>
    /// <exception cref="SafeTensorsException">A file is damaged.</exception>
    public static BuildSnapshot Of(string folder, ArtifactDescriptor descriptor, bool withTensors)
    {
        string quality = Path.Combine(folder, ArtifactQuality.FileName);
        ImmutableArray<LayerQuality> measured = (AtomicFile.TryRead(quality) is { } json ? ArtifactQuality.Parse(json) : null) ?? [];
        Dictionary<(string, string), LayerQuality> errors = measured.ToDictionary(layer => (layer.Expert, layer.Layer));
        return new BuildSnapshot(folder,
            [.. descriptor.Experts.SelectMany(expert => Layers(folder, expert.Key, expert.Value, withTensors, errors))],
            descriptor.Experts.ToImmutableSortedDictionary(expert => expert.Key, expert => expert.Value.Files.Sum(file => file.Size),
                StringComparer.Ordinal))
        {
            LayerBytes = descriptor.Experts.SelectMany(expert => LayerBytes.Of(expert.Key,
                expert.Value.Files.Where(file => file.Name.EndsWith(".safetensors", StringComparison.Ordinal))
                    .Select(file => Path.Combine(folder, expert.Value.Directory, file.Name)))).ToDictionary(),
        };
    }

    private static IEnumerable<LayerSnapshot> Layers(string folder, string name, ArtifactExpert expert, bool withTensors,
        Dictionary<(string, string), LayerQuality> errors)
    {
        Dictionary<string, string> tensors = withTensors ? Tensors(Path.Combine(folder, expert.Directory), expert) : [];
        return expert.Layers.Select(layer => new LayerSnapshot(name, layer.Key, layer.Value.IsQuantized, Settings(layer.Value),
            ImmutableSortedDictionary<string, string>.Empty,
            [.. tensors.Where(tensor => tensor.Key.StartsWith(layer.Key + ".", StringComparison.Ordinal))
                .OrderBy(tensor => tensor.Key, StringComparer.Ordinal)
                .Select(tensor => KeyValuePair.Create(tensor.Key[(layer.Key.Length + 1)..], tensor.Value))],
            errors.GetValueOrDefault((name, layer.Key))));
    }

    private static ImmutableSortedDictionary<string, string> Settings(ArtifactLayer layer)
    {
        var settings = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        settings["precision"] = layer.Precision;
        if (!layer.IsQuantized)
            return settings.ToImmutable();
        settings["rank"] = layer.Rank.ToString(CultureInfo.InvariantCulture);
        settings["smooth"] = layer.Smooth ? "on" : "off";
        settings["chosen clip ratios"] =
            $"[{string.Join(", ", layer.Clips.Select(clip => clip.Ratio.ToString(CultureInfo.InvariantCulture)))}]";
        return settings.ToImmutable();
    }

    private static Dictionary<string, string> Tensors(string folder, ArtifactExpert expert)
    {
        var digests = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (ArtifactFile file in expert.Files.Where(file => file.Name.EndsWith(".safetensors", StringComparison.Ordinal)))
        {
            using SafeTensorsFile tensors = SafeTensorsFile.Open(Path.Combine(folder, file.Name));
            foreach (string name in tensors.Tensors.Keys)
                digests[name] = Hash(tensors, name);
        }
        return digests;
    }

    private static string Hash(SafeTensorsFile file, string name)
    {
        const int Portion = 1 << 24;
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        long length = file.Tensors[name].ByteLength;
        for (long at = 0; at < length; at += Portion)
            hash.AppendData(file.Bytes(name, at, (int)Math.Min(Portion, length - at)));
        return Convert.ToHexStringLower(hash.GetHashAndReset())[..12];
    }
}
