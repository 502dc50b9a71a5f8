using System.Collections.Immutable;
using System.Text.Json.Nodes;
using QuantBuild.Compiler.Actions;
using QuantBuild.Compiler.Stages;
using QuantBuild.Compiler.Store;
using QuantBuild.Compiler.Work;

namespace QuantBuild.Compiler.Differences;

/// <summary>A build as the store remembers it: the keys of its actions, and what lies behind them as far as it was not pruned.</summary>
internal static class HistorySnapshot
{
    /// <summary>Describes a remembered build.</summary>
    /// <param name="name">What it is, for people.</param>
    /// <param name="keys">Its keys by <see cref="BuildHistory.IdentityOf(ActionEvent)"/>.</param>
    /// <param name="store">The store.</param>
    public static BuildSnapshot Of(string name, IReadOnlyDictionary<string, Digest> keys, ContentStore store)
    {
        Remembered[] actions = [.. keys.Select(pair => Remembered.Of(pair.Key, pair.Value, store))];
        ILookup<(string, string), Remembered> owners = actions.ToLookup(action => (action.Expert, BuildGraph.LayerOf(action.Name)));
        Dictionary<Digest, Remembered> smooth = actions.Where(action => action.Stage == BuildStages.Smooth.Name
            && action.Record is not null)
            .SelectMany(action => ScalesOf(action).Select(scale => (Scale: scale, Action: action)))
            .DistinctBy(entry => entry.Scale).ToDictionary(entry => entry.Scale, entry => entry.Action);
        return new BuildSnapshot(name,
            [.. actions.Where(action => action.Stage == BuildStages.Measure.Name).OrderBy(action => action.Expert, StringComparer.Ordinal)
                .ThenBy(action => action.Name, StringComparer.Ordinal)
                .Select(measure =>
                    Of(measure, [.. owners[(measure.Expert, measure.Name)].Where(action => action.Stage != BuildStages.Smooth.Name)],
                        smooth, store))],
            actions.Where(action => action.Stage == BuildStages.Pack.Name && action.Record is not null)
                .ToImmutableSortedDictionary(action => action.Expert, action => action.Record!.Outputs.Values.Sum(file => file.Size),
                    StringComparer.Ordinal))
        {
            LayerBytes = actions.Where(action => action.Stage == BuildStages.Pack.Name && action.Record is not null)
                .SelectMany(action =>
                    LayerBytes.Of(action.Expert, action.Record!.Outputs.Values.Select(file => store.TryOpen(file.Digest)).OfType<string>()))
                    .ToDictionary(),
        };
    }

    private static LayerSnapshot Of(Remembered measure, Remembered[] own, Dictionary<Digest, Remembered> smooth, ContentStore store)
    {
        Remembered[] chain = [.. own.OrderBy(action => action.Rank).ThenBy(action => action.Name, StringComparer.Ordinal)];
        if (measure.Inputs.TryGetValue("scale", out string? scale) && Digest.TryParse(scale, out Digest digest)
            && smooth.TryGetValue(digest, out Remembered? shared))
            chain = [shared, .. chain];
        var settings = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        var inputs = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        foreach (Remembered action in chain)
        {
            if (action.Record is null)
            {
                inputs[$"{action.Stage} key"] = action.Key.Short;
                continue;
            }
            ActionDescription description = ActionDescription.FromJson(action.Record.Description);
            inputs[$"algorithm of {action.Stage}"] = SnapshotText.Of(description.Version);
            inputs["arithmetic"] = SnapshotText.Of(description.Profile);
            foreach ((string option, JsonNode? value) in description.Options)
            {
                if (action.SettingOf(option) is { } setting)
                    settings[setting] = SnapshotText.Of(value);
            }
            if (action.Inputs.TryGetValue("weight", out string? weight) && Digest.TryParse(weight, out Digest content))
                inputs["weight"] = content.Short;
        }
        string recordings = string.Concat(measure.Inputs.Where(input => input.Key.StartsWith("recording", StringComparison.Ordinal))
            .Select(input => input.Value));
        inputs["calibration"] = Digest.Of(System.Text.Encoding.UTF8.GetBytes(recordings)).Short;
        return new LayerSnapshot(measure.Expert, measure.Name, IsQuantized: true, settings.ToImmutable(), inputs.ToImmutable(),
            [.. chain.Where(action => action.Record is not null).Select(action => KeyValuePair.Create(action.Label, action.ResultDigest))],
            measure.Record is { } record && record.Outputs.Values.All(blob => store.TryOpen(blob.Digest) is not null)
                ? LayerQualities.Of(BuildStages.Measure.Read(store, record.Outputs).Value, measure.Expert, measure.Name) : null);
    }

    private static IEnumerable<Digest> ScalesOf(Remembered smooth) => smooth.Record!.Outputs
        .Where(output => output.Key.StartsWith("scale", StringComparison.Ordinal)).Select(output => output.Value.Digest);

    /// <summary>An action of a build: its key, and its record when the store still has it.</summary>
    private sealed record Remembered(string Stage, string Expert, string Name, Digest Key, ActionRecord? Record)
    {
        public int Rank => BuildStages.IndexOf(Stage);

        /// <summary>What it makes, for people: of a clip action with its bin.</summary>
        public string Label => Name.Split('/') is [_, var bin] ? $"{Stage} {bin}" : Stage;

        /// <summary>
        /// Name of a setting in the action's key, as lock files and manifests have it; null for what only repeats another stage's.
        /// </summary>
        public string? SettingOf(string option)
        {
            if (BuildStages.All.FirstOrDefault(stage => stage.Name == Stage)?.Options.FirstOrDefault(known =>
                known.Name == option) is not { } declared)
                return option;
            return declared.PerAction ? $"{Label} {declared.Setting}" : declared.Setting;
        }

        public string ResultDigest =>
            string.Join(' ', Record!.Outputs.OrderBy(output => output.Key, StringComparer.Ordinal)
                .Select(output => output.Value.Digest.Short));

        public Dictionary<string, string> Inputs => (Record is null ? [] : ActionDescription.FromJson(Record.Description).Inputs)
            .ToDictionary(input => input.Key, input => input.Value?.ToString() ?? "", StringComparer.Ordinal);

        public static Remembered Of(string identity, Digest key, ContentStore store)
        {
            string[] parts = identity.Split(' ', 3);
            return new Remembered(parts[0], parts[1], parts[2], key, store.FindAction(key));
        }
    }
}
