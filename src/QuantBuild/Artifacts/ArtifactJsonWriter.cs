using System.Buffers;
using System.Collections.Immutable;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace QuantBuild.Artifacts;

/// <summary>Writes descriptors canonically.</summary>
internal static class ArtifactJsonWriter
{
    private static readonly JsonWriterOptions Options = new()
    {
        Indented = true,
        IndentSize = 2,
        NewLine = "\n",
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    public static byte[] Write(ArtifactDescriptor descriptor)
    {
        var bytes = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(bytes, Options))
        {
            json.WriteStartObject();
            json.WriteString("format", ArtifactDescriptor.Format);
            json.WriteNumber("version", ArtifactDescriptor.Version);
            json.WriteString("name", descriptor.Name);
            json.WriteString("architecture", descriptor.Architecture);
            json.WriteString("layout", descriptor.Layout);
            json.WriteString("tool", descriptor.Tool);
            json.WriteString("profile", descriptor.Profile);
            if (!descriptor.Profiles.IsEmpty)
            {
                json.WriteStartObject("profiles");
                foreach ((string group, string profile) in descriptor.Profiles)
                    json.WriteString(group, profile);
                json.WriteEndObject();
            }
            json.WriteString("plan", descriptor.Plan);
            json.WriteNumber("boundary", descriptor.Boundary);
            json.WriteStartObject("sampling");
            json.WriteString("solver", descriptor.Sampling.Solver);
            json.WriteNumber("steps", descriptor.Sampling.Steps);
            json.WriteNumber("shift", descriptor.Sampling.Shift);
            if (!descriptor.Sampling.Timesteps.IsDefaultOrEmpty)
            {
                json.WriteStartArray("timesteps");
                foreach (int timestep in descriptor.Sampling.Timesteps)
                    json.WriteNumberValue(timestep);
                json.WriteEndArray();
            }
            json.WriteEndObject();
            json.WriteStartObject("experts");
            foreach ((string name, ArtifactExpert expert) in descriptor.Experts.OrderBy(entry => entry.Key, StringComparer.Ordinal))
                Write(json, name, expert);
            json.WriteEndObject();
            json.WriteEndObject();
        }
        return [.. bytes.WrittenSpan, (byte)'\n'];
    }

    private static void Write(Utf8JsonWriter json, string name, ArtifactExpert expert)
    {
        json.WriteStartObject(name);
        json.WriteString("directory", expert.Directory);
        json.WriteNumber("minTimestep", expert.MinTimestep);
        json.WriteNumber("maxTimestep", expert.MaxTimestep);
        json.WriteStartArray("files");
        foreach (ArtifactFile file in expert.Files.OrderBy(file => file.Name, StringComparer.Ordinal))
        {
            json.WriteStartObject();
            json.WriteString("name", file.Name);
            json.WriteNumber("size", file.Size);
            json.WriteString("sha256", file.Digest);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteStartArray("bins");
        foreach (ArtifactBin bin in expert.Bins)
        {
            json.WriteStartObject();
            json.WriteString("name", bin.Name);
            json.WriteNumber("minTimestep", bin.MinTimestep);
            json.WriteNumber("maxTimestep", bin.MaxTimestep);
            if (bin.KeepsActivations)
                json.WriteString("activations", "none");
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteStartObject("layers");
        foreach ((string layer, ArtifactLayer entry) in expert.Layers.OrderBy(entry => entry.Key, StringComparer.Ordinal))
            Write(json, layer, entry);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, string name, ArtifactLayer layer)
    {
        json.WriteStartObject(name);
        json.WriteString("precision", layer.Precision);
        if (layer.IsQuantized)
        {
            json.WriteNumber("rank", layer.Rank);
            json.WriteBoolean("smooth", layer.Smooth);
            if (layer.Rotation is not null)
                json.WriteString("rotation", layer.Rotation);
        }
        if (layer.Precision == ArtifactLayer.W4A4)
        {
            json.WriteString("granularity", layer.Granularity);
            json.WriteString("ties", layer.Ties);
            Write(json, "clipRatios", layer.Clips.Select(clip => clip.Ratio), json.WriteNumberValue);
            Write(json, "exponentOffsets", layer.Clips.Select(clip => clip.ExponentOffset), json.WriteNumberValue);
            if (layer.Granularity == ArtifactLayer.PerBin)
                Write(json, "thresholds", layer.Clips.Select(clip => clip.Threshold!.Value), json.WriteNumberValue);
        }
        json.WriteEndObject();
    }

    private static void Write<T>(Utf8JsonWriter json, string name, IEnumerable<T> values, Action<T> write)
    {
        json.WriteStartArray(name);
        foreach (T value in values)
            write(value);
        json.WriteEndArray();
    }
}
