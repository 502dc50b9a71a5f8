using System.Text.Json;
using QuantBuild.Tests;

namespace QuantBuild.Compiler.Torch.Tests.Building;

/// <summary>A manifest of the tiny checkpoint whose build is short: two samples, four steps, ten layers of each expert.</summary>
internal static class TinyManifest
{
    /// <summary>Everything by torch on the processor.</summary>
    public const string Torch = """{ "model": "torch", "layers": "torch", "device": "cpu" }""";

    /// <summary>GPTQ, which both backends compute themselves.</summary>
    public const string Gptq = """
        { "format": "mxfp4", "precision": "w4a4", "rotation": "none",
            "lowRank": { "rank": 16 }, "weights": { "method": "gptq" }, "smooth": { "share": "site" } }
        """;

    /// <summary>The recipe of a manifest that states none: branch and weight found together, a rotation where it helps.</summary>
    public const string Defaults = """{ "format": "mxfp4", "precision": "w4a4", "lowRank": { "rank": 16 } }""";

    /// <summary>Ranks that layers share under a budget of bytes.</summary>
    public const string Ranks = """{ "format": "mxfp4", "precision": "w4a4", "lowRank": { "rank": "auto" } }""";

    /// <summary>Its text.</summary>
    /// <param name="compute">The section <c>compute</c>.</param>
    /// <param name="quantize">The section <c>quantize</c>.</param>
    /// <param name="checkpoint">Folder of the checkpoint; null for the repository's.</param>
    public static string Text(string compute, string quantize = Gptq, string? checkpoint = null) => $$"""
        {
          "compute": {{compute}},
          "model": { "architecture": "wan2.2-i2v", "source": {{JsonSerializer.Serialize(checkpoint ?? TestData.TinyWan("checkpoint"))}} },
          "experts": {
            "high_noise": { "weights": "high_noise_model", "bins": ["early:0-0.5", "boundary:0.5-1"] },
            "low_noise": { "weights": "low_noise_model", "bins": ["boundary:0-0.5", "late:0.5-1"] }
          },
          "calibration": { "data": {{JsonSerializer.Serialize(TestData.TinyWan("calibration.jsonl"))}}, "samples": {{(quantize == Gptq ? 2 : 3)}},
            "steps": 4, "tokensPerStep": 48, "seed": 42 },
          "quantize": {{quantize}},
          "overrides": [{ "match": "blocks.1-5.*", "precision": "bf16" }]
        }
        """;
}
