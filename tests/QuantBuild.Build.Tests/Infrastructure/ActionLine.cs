using System.Diagnostics.CodeAnalysis;
using System.Text.Json;

namespace QuantBuild.Build.Tests.Infrastructure;

/// <summary>A line of the JSON log.</summary>
[SuppressMessage("Performance", "CA1812:Avoid uninstantiated internal classes", Justification = "The JSON serializer makes them.")]
internal sealed record ActionLine(string Stage, string Expert, string Name, string Key, string Result, double Seconds)
{
    private static readonly JsonSerializerOptions Strict = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        UnmappedMemberHandling = System.Text.Json.Serialization.JsonUnmappedMemberHandling.Disallow,
        RespectRequiredConstructorParameters = true,
    };

    public bool Ran => Result == "ran";

    /// <summary>All actions of a log; any other line than a diagnostic's fails the test.</summary>
    public static ActionLine[] Parse(Outcome outcome) =>
        [.. outcome.Lines.Where(line => !line.StartsWith("""{"diagnostic":""", StringComparison.Ordinal))
            .Select(line => JsonSerializer.Deserialize<ActionLine>(line, Strict)!)];
}
