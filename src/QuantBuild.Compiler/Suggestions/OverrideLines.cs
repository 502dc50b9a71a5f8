using System.Globalization;
using System.Text.RegularExpressions;
using QuantBuild.Compiler.Allocation;
using QuantBuild.Compiler.Manifests;

namespace QuantBuild.Compiler.Suggestions;

/// <summary>Writes changes of single layers as few overrides: ranges of blocks, and one entry for both experts where they agree.</summary>
internal static partial class OverrideLines
{
    /// <summary>Overrides as JSON, one per line, in a stable order.</summary>
    /// <param name="changes">The changes.</param>
    /// <param name="blocks">Blocks of every expert, for "all of them".</param>
    public static IReadOnlyList<string> Of(IReadOnlyList<SuggestedChange> changes, IReadOnlyDictionary<string, int> blocks)
    {
        var entries = changes.Select(change => (change.Expert, Name: Parts(change.Layer), change.Then))
            .GroupBy(change => (change.Name.Module, Setting: SettingOf(change.Then), change.Expert))
            .SelectMany(group => Runs([.. group.Select(change => change.Name.Block).Order()]).Select(run =>
                (group.Key.Module, group.Key.Setting, group.Key.Expert, run.First,
                    Pattern: PatternOf(run, blocks[group.Key.Expert], group.Key.Module))))
            .GroupBy(entry => (entry.Module, entry.Setting, entry.Pattern))
            .OrderBy(group => group.Key.Module, StringComparer.Ordinal).ThenBy(group => group.Key.Setting, StringComparer.Ordinal)
            .ThenBy(group => group.First().First);
        return [.. entries.Select(group =>
            $"{{ \"match\": \"{group.Key.Pattern}\", "
                + $"{ExpertsOf([.. group.Select(entry => entry.Expert)], blocks.Count)}{group.Key.Setting} }}")];
    }

    private static string SettingOf(LayerOption option) => option.Precision == Precision.W4A4
        ? string.Create(CultureInfo.InvariantCulture, $"\"lowRank\": {{ \"rank\": {option.Rank} }}")
        : $"\"precision\": \"{RecipeNames.Precision.NameOf(option.Precision)}\"";

    private static string ExpertsOf(string[] experts, int all) =>
        experts.Length == all ? "" : $"\"experts\": [{string.Join(", ", experts.Select(expert => $"\"{expert}\""))}], ";

    private static string PatternOf((int First, int Last) run, int blocks, string module)
    {
        string part = run == (0, blocks - 1) && blocks > 1 ? "*"
            : run.First == run.Last ? run.First.ToString(CultureInfo.InvariantCulture)
            : string.Create(CultureInfo.InvariantCulture, $"{run.First}-{run.Last}");
        return $"blocks.{part}.{module}";
    }

    private static IEnumerable<(int First, int Last)> Runs(int[] ascending)
    {
        for (int i = 0; i < ascending.Length;)
        {
            int first = ascending[i];
            while (i + 1 < ascending.Length && ascending[i + 1] == ascending[i] + 1)
                i++;
            yield return (first, ascending[i++]);
        }
    }

    private static (int Block, string Module) Parts(string layer) => LayerName().Match(layer) is { Success: true } match
        ? (int.Parse(match.Groups["block"].ValueSpan, CultureInfo.InvariantCulture), match.Groups["module"].Value)
        : throw new ArgumentException($"'{layer}' is not the name of a layer", nameof(layer));

    [GeneratedRegex(@"^blocks\.(?<block>[0-9]+)\.(?<module>.+)\z", RegexOptions.CultureInvariant)]
    private static partial Regex LayerName();
}
