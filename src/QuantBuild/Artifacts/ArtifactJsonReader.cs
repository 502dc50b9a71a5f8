using System.Collections.Immutable;
using System.Text.Json;
using QuantBuild.Formats;

namespace QuantBuild.Artifacts;

/// <summary>Reads descriptors: every property must be there, be known and have its type.</summary>
internal static class ArtifactJsonReader
{
    public static ArtifactDescriptor Read(JsonElement element)
    {
        var root = new JsonFields(element, "");
        string format = root.Text("format");
        if (format != ArtifactDescriptor.Format)
            throw new ArtifactException($"format is '{format}', not '{ArtifactDescriptor.Format}'");
        int version = root.Integer("version");
        if (version != ArtifactDescriptor.Version)
            throw new ArtifactException($"version {version} is not supported; this runtime reads version {ArtifactDescriptor.Version}");
        var descriptor = new ArtifactDescriptor
        {
            Name = root.Text("name"),
            Architecture = root.Text("architecture"),
            Layout = root.Text("layout"),
            Tool = root.Text("tool"),
            Profile = root.Text("profile"),
            Profiles = root.Texts("profiles"),
            Plan = root.Text("plan"),
            Boundary = root.Integer("boundary"),
            Sampling = ReadSampling(root.Object("sampling")),
            Experts = root.Object("experts").Entries()
                .ToImmutableSortedDictionary(entry => entry.Key, entry => ReadExpert(entry.Value), StringComparer.Ordinal),
        };
        root.End();
        return descriptor;
    }

    private static ArtifactSampling ReadSampling(JsonFields fields)
    {
        var sampling = new ArtifactSampling(fields.Text("solver"), fields.Integer("steps"), fields.Number("shift"))
        {
            Timesteps = fields.IntegersOrNone("timesteps"),
        };
        fields.End();
        return sampling;
    }

    private static ArtifactExpert ReadExpert(JsonFields fields)
    {
        var expert = new ArtifactExpert
        {
            Directory = fields.Text("directory"),
            MinTimestep = fields.Integer("minTimestep"),
            MaxTimestep = fields.Integer("maxTimestep"),
            Files = [.. fields.Objects("files").Select(ReadFile)],
            Bins = [.. fields.Objects("bins").Select(ReadBin)],
            Layers = fields.Object("layers").Entries()
                .ToImmutableSortedDictionary(entry => entry.Key, entry => ReadLayer(entry.Value), StringComparer.Ordinal),
        };
        fields.End();
        return expert;
    }

    private static ArtifactFile ReadFile(JsonFields fields)
    {
        var file = new ArtifactFile(fields.Text("name"), fields.LongInteger("size"), fields.Text("sha256"));
        fields.End();
        return file;
    }

    private static ArtifactBin ReadBin(JsonFields fields)
    {
        var bin = new ArtifactBin(fields.Text("name"), fields.Integer("minTimestep"), fields.Integer("maxTimestep"))
        {
            KeepsActivations = fields.Has("activations") && fields.Choice("activations", "none") == "none",
        };
        fields.End();
        return bin;
    }

    private static ArtifactLayer ReadLayer(JsonFields fields)
    {
        var layer = new ArtifactLayer { Precision = fields.Choice("precision", ArtifactLayer.W4A4, ArtifactLayer.W4A16,
            ArtifactLayer.BF16) };
        if (layer.Precision is ArtifactLayer.W4A4 or ArtifactLayer.W4A16)
            layer = layer with { Rank = fields.Integer("rank"), Smooth = fields.Flag("smooth"),
                Rotation = fields.Has("rotation") ? fields.Choice("rotation", ArtifactLayer.Hadamard32) : null };
        if (layer.Precision == ArtifactLayer.W4A4)
        {
            layer = layer with
            {
                Granularity = fields.Choice("granularity", ArtifactLayer.PerBlock, ArtifactLayer.PerBin),
                Ties = fields.Choice("ties", ArtifactLayer.TiesToEven, ArtifactLayer.TiesToZero),
            };
            layer = layer with { Clips = ReadClips(fields, layer.Granularity == ArtifactLayer.PerBin) };
        }
        fields.End();
        return layer;
    }

    private static ImmutableArray<ClipSetting> ReadClips(JsonFields fields, bool perBin)
    {
        (ImmutableArray<float> ratios, ImmutableArray<int> offsets) = (fields.Floats("clipRatios"), fields.Integers("exponentOffsets"));
        ImmutableArray<float>? thresholds = perBin ? fields.Floats("thresholds") : null;
        if (offsets.Length != ratios.Length || (thresholds?.Length ?? ratios.Length) != ratios.Length)
        {
            throw new ArtifactException($"{fields.Place}: clipRatios has {ratios.Length}, exponentOffsets has {offsets.Length}"
                + (perBin ? $", thresholds has {thresholds!.Value.Length}" : "") + " entries; all have one per bin");
        }
        return [.. ratios.Select((ratio, i) => new ClipSetting(ratio, offsets[i], thresholds?[i]))];
    }
}
