using System.Globalization;
using System.Text.Json.Nodes;

namespace QuantBuild.Compiler.Reporting;

/// <summary>Numbers with as many digits as a person can use, so that a page of thousands of them stays small.</summary>
internal static class Rounded
{
    /// <summary>A measured value with five significant digits; null when it is not finite, which JSON cannot say.</summary>
    public static JsonNode? Measure(double value) => Digits(value, "E4");

    /// <summary>A value that is only drawn, with three significant digits.</summary>
    public static JsonNode? Drawn(double value) => Digits(value, "E2");

    /// <summary>Seconds to a tenth of a millisecond.</summary>
    public static JsonNode Seconds(double value) => JsonValue.Create(Math.Round(value, 4));

    /// <summary>An array of numbers.</summary>
    public static JsonArray Array(IEnumerable<double> values, Func<double, JsonNode?> round) => [.. values.Select(round)];

    /// <summary>An array of integers.</summary>
    public static JsonArray Array(IEnumerable<int> values) => [.. values.Select(value => (JsonNode)value)];

    private static JsonValue? Digits(double value, string format) => double.IsFinite(value)
        ? JsonValue.Create(double.Parse(value.ToString(format, CultureInfo.InvariantCulture), CultureInfo.InvariantCulture))
        : null;
}
