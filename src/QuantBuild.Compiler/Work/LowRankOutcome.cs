using System.Text.Json.Nodes;
using QuantBuild.Compiler.Json;
using QuantBuild.Compiler.Quantizers;

namespace QuantBuild.Compiler.Work;

/// <summary>How a low-rank branch was found.</summary>
/// <param name="Passes">Passes over the weight.</param>
/// <param name="Excess">
/// How far the residual's norm may lie above the smallest possible, as a part of that; null when nothing bounds it.
/// </param>
internal sealed record LowRankOutcome(int Passes, double? Excess)
{
    /// <summary>How a branch was found.</summary>
    internal static LowRankOutcome Of(LowRankBranch branch) => new(branch.Passes, double.IsFinite(branch.Excess) ? branch.Excess : null);

    /// <summary>The stored form.</summary>
    public JsonObject ToJson() => new() { ["passes"] = Passes, ["excess"] = Excess };

    /// <summary>Reads the stored form.</summary>
    /// <exception cref="FormatException">It is something else.</exception>
    public static LowRankOutcome FromJson(JsonObject json) => new(json.Member("passes").Integer(), json.Find("excess")?.Number());
}
