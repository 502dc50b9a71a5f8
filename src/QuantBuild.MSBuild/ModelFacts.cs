using System.Globalization;
using System.Text.Json;

namespace QuantBuild.MSBuild;

/// <summary>A descriptor in a few sentences.</summary>
internal static class ModelFacts
{
    /// <summary>One line about the model and one about each expert.</summary>
    public static IReadOnlyList<string> Of(JsonElement descriptor)
    {
        JsonElement sampling = descriptor.GetProperty("sampling");
        return
        [
            Line($"{Text(descriptor, "architecture")}, built by QuantBuild {Text(descriptor, "tool")}; calibrated with {sampling.GetProperty("steps").GetInt32()} steps of {Text(sampling, "solver")}, shift {sampling.GetProperty("shift").GetDouble()}."),
            .. descriptor.GetProperty("experts").EnumerateObject().Select(Expert),
        ];
    }

    private static string Expert(JsonProperty expert)
    {
        JsonElement value = expert.Value;
        IEnumerable<string> layers = value.GetProperty("layers").EnumerateObject()
            .GroupBy(layer => Text(layer.Value, "precision"), StringComparer.Ordinal)
            .OrderBy(group => group.Key, StringComparer.Ordinal)
            .Select(group => Line($"{group.Count()} layers {group.Key}"));
        IEnumerable<string> bins = value.GetProperty("bins").EnumerateArray().Select(bin => Text(bin, "name"));
        return Line($"{expert.Name}: timesteps {value.GetProperty("minTimestep").GetInt32()} to {value.GetProperty("maxTimestep").GetInt32()}; {string.Join(", ", layers)}; bins {string.Join(", ", bins)}.");
    }

    private static string Text(JsonElement parent, string name) => parent.GetProperty(name).GetString()!;

    private static string Line(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
