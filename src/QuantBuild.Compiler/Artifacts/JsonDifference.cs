using System.Collections.Immutable;
using System.Text;
using System.Text.Json.Nodes;
using QuantBuild.Compiler.Json;
using QuantBuild.Compiler.Store;

namespace QuantBuild.Compiler.Artifacts;

/// <summary>What differs between two JSON values, for people.</summary>
internal static class JsonDifference
{
    /// <summary>Levels that only group; their names tell a reader nothing.</summary>
    private static readonly ImmutableHashSet<string> Groups = ["experts", "layers", "files", "recipe"];

    /// <summary>One line per differing value, in canonical order.</summary>
    public static ImmutableArray<string> Lines(JsonNode? before, JsonNode? after)
    {
        var lines = ImmutableArray.CreateBuilder<string>();
        Compare(lines, "", before, after);
        return lines.ToImmutable();
    }

    private static void Compare(ImmutableArray<string>.Builder lines, string place, JsonNode? before, JsonNode? after)
    {
        if (before is JsonObject from && after is JsonObject to)
        {
            foreach (string name in from.Concat(to).Select(member => member.Key).Distinct().Order(StringComparer.Ordinal))
                CompareMember(lines, Groups.Contains(name) ? place : Below(place, name), name, from, to);
        }
        else if (before is JsonArray first && after is JsonArray second && first.Count == second.Count)
        {
            for (int i = 0; i < first.Count; i++)
                Compare(lines, $"{place}[{i}]", first[i], second[i]);
        }
        else if (Show(before) is var old && Show(after) is var young && !CanonicalJson.Serialize(before)
            .SequenceEqual(CanonicalJson.Serialize(after)))
        {
            lines.Add($"{place}: {old} -> {young}");
        }
    }

    private static void CompareMember(ImmutableArray<string>.Builder lines, string place, string name, JsonObject before, JsonObject after)
    {
        if (!after.TryGetPropertyValue(name, out JsonNode? young))
            lines.Add($"{place}: gone");
        else if (!before.TryGetPropertyValue(name, out JsonNode? old))
            lines.Add(young is JsonObject ? $"{place}: new" : $"{place}: new, {Show(young)}");
        else
            Compare(lines, place, old, young);
    }

    private static string Below(string place, string name) => place.Length == 0 ? name : $"{place} / {name}";

    private static string Show(JsonNode? value) => value switch
    {
        JsonArray array when array.Count > 8 => $"{array.Count} values",
        JsonValue text when text.GetValueKind() == System.Text.Json.JsonValueKind.String
            && Digest.TryParse(text.Text(), out Digest digest) => digest.Short,
        _ => Encoding.UTF8.GetString(CanonicalJson.Serialize(value)),
    };
}
