using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using QuantBuild.Compiler.Actions;

namespace QuantBuild.Tool.Text;

/// <summary>How JSON leaves the tool.</summary>
internal static class JsonReport
{
    /// <summary>For logs: one value per line.</summary>
    public static JsonSerializerOptions OneLine { get; } = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>For reports.</summary>
    public static JsonSerializerOptions Indented { get; } = new(OneLine) { WriteIndented = true };

    /// <summary>Writes a report. Its lines are not a stranger's: names in it are JSON strings.</summary>
    public static void Write(TextWriter output, JsonNode report) => output.Write(report.ToJsonString(Indented) + output.NewLine);

    /// <summary>An action as logs and reports show it.</summary>
    public static JsonObject Of(ActionEvent action) => new()
    {
        ["stage"] = action.Stage,
        ["expert"] = action.Expert,
        ["name"] = action.Name,
        ["key"] = action.Key?.ToString(),
        ["result"] = action.Outcome switch
        {
            ActionOutcome.Ran => "ran",
            ActionOutcome.Cached => "cached",
            _ => "missing",
        },
        ["seconds"] = action.Seconds,
    };
}
