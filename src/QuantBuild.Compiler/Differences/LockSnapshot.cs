using System.Collections.Immutable;
using System.Text.Json.Nodes;
using QuantBuild.Compiler.Artifacts;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Json;
using QuantBuild.Compiler.Store;
using QuantBuild.Compiler.Work;
using QuantBuild.Json;

namespace QuantBuild.Compiler.Differences;

/// <summary>A build as its lock file tells it; errors come from the store, as far as that still has them.</summary>
internal static class LockSnapshot
{
    private static readonly string[] Roles = ["smooth", "lowRank", "weights", "clip", "measure"];

    /// <summary>Describes a lock.</summary>
    /// <param name="name">What it is, for people.</param>
    /// <param name="value">The lock.</param>
    /// <param name="store">Where measured errors may be.</param>
    public static BuildSnapshot Of(string name, LockFile value, ContentStore store) => new(name,
        [.. value.Experts.SelectMany(expert => expert.Layers.Select(layer => Of(value, expert, layer, store)))],
        value.Experts.ToImmutableSortedDictionary(expert => expert.Name, expert => expert.Files.Sum(file => file.Content.Size),
            StringComparer.Ordinal))
    {
        LayerBytes = value.Experts.SelectMany(expert =>
            LayerBytes.Of(expert.Name, expert.Files.Select(file => store.TryOpen(file.Content.Digest)).OfType<string>())).ToDictionary(),
    };

    private static LayerSnapshot Of(LockFile value, LockedExpert expert, LockedLayer layer, ContentStore store)
    {
        var settings = layer.Recipe.ToImmutableSortedDictionary(setting => setting.Key, setting => SnapshotText.Of(setting.Value),
            StringComparer.Ordinal);
        var inputs = new Dictionary<string, string>
        {
            ["checkpoint"] = expert.Checkpoint.Short,
            ["calibration"] =
                CanonicalJson.DigestOf(new JsonArray([.. value.Calibration.Select(sample => (JsonNode)sample.ToString())])).Short,
            ["arithmetic"] = value.Profiles.ToString(),
            ["tool"] = value.Tool,
        }.ToImmutableSortedDictionary(StringComparer.Ordinal);
        return new LayerSnapshot(expert.Name, layer.Name, !layer.Outputs.IsEmpty, settings, inputs,
            [.. layer.Outputs.OrderBy(output => Array.IndexOf(Roles, output.Key.Split('.')[0]))
                .ThenBy(output => output.Key, StringComparer.Ordinal)
                .Select(output => KeyValuePair.Create(output.Key, output.Value.Short))],
            layer.Outputs.TryGetValue("measure", out Digest measure) ? Quality(store, measure, expert.Name, layer.Name) : null);
    }

    private static LayerQuality? Quality(ContentStore store, Digest measure, string expert, string layer)
    {
        try
        {
            return store.TryOpen(measure) is null
                ? null
                : LayerQualities.Of(LayerErrors.FromJson(CheckedNodes.Parse(store.Read(measure)).Members()), expert, layer);
        }
        catch (Exception failure) when (failure is MalformedJsonException or DiagnosticException)
        {
            return null;
        }
    }
}
