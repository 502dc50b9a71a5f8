using System.Text.Json.Nodes;
using QuantBuild.Compiler.Json;

namespace QuantBuild.Compiler.Reporting;

/// <summary>The content of a report page, in parts of different nature; docs/report.md describes them.</summary>
/// <param name="Data">What was measured: a function of manifest, weights, calibration data and tool alone.</param>
/// <param name="Run">When, where and how fast it was made, and what changed: different for every run.</param>
/// <param name="Evaluation">What <c>quantbuild eval</c> found; null when it did not run.</param>
/// <param name="Diff">A comparison with another build; null for none, and then the page has no such part.</param>
internal sealed record BuildReport(JsonObject Data, JsonObject Run, JsonObject? Evaluation = null, JsonObject? Diff = null)
{
    /// <summary>Version of the data's form.</summary>
    public const int Format = 1;

    /// <summary>What was built; empty when the data does not say.</summary>
    public string Name => Data.Find("name")?.Text() ?? "";
}
