using System.Text.Json.Nodes;
using QuantBuild.Compiler.Reporting;

namespace QuantBuild.Report.Tests;

/// <summary>A report of the size that Wan2.2-I2V-A14B has: 2 experts, 40 blocks, 2 x 400 layers, with made-up numbers.</summary>
internal static class LargeModel
{
    private const int Blocks = 40;
    private static readonly string[] Modules = ["self_attn.q", "self_attn.k", "self_attn.v", "self_attn.o", "cross_attn.q", "cross_attn.k",
        "cross_attn.v", "cross_attn.o", "ffn.0", "ffn.2"];
    private static readonly int[] SiteOf = [0, 0, 0, 1, 2, 3, 3, 4, 5, 6];
    private static readonly string[] Sites = ["self_attn.qkv", "self_attn.o", "cross_attn.q", "cross_attn.kv", "cross_attn.o", "ffn.0",
        "ffn.2"];

    /// <summary>The report; a fixed seed makes it the same every time.</summary>
    public static BuildReport Create()
    {
        var random = new Random(42);
        return new BuildReport(
            new JsonObject
            {
                ["format"] = BuildReport.Format,
                ["name"] = "large",
                ["architecture"] = "wan2.2-i2v",
                ["tool"] = "0.0.0",
                ["profile"] = "cpu-1", ["profiles"] = new JsonObject { ["model"] = "cpu-1", ["layers"] = "cpu-1" },
                ["plan"] = new string('0', 64),
                ["manifest"] = "large.quant.json",
                ["layout"] = "native",
                ["calibration"] = new JsonObject { ["samples"] = 12, ["solver"] = "unipc", ["steps"] = 40, ["shift"] = 5,
                    ["boundary"] = 900, ["guidanceHigh"] = 1, ["guidanceLow"] = 1, ["tokensPerStep"] = 64 },
                ["gates"] = new JsonObject { ["maxRelativeError"] = 0.2, ["maxErrorVsRtn"] = null },
                ["methods"] = new JsonArray("rtn", "svdquant+rtn", "svdquant+gptq", "recipe"),
                ["modules"] = Texts(Modules),
                ["sites"] = Texts(Sites),
                ["places"] = new JsonArray(0, 0.01, 0.1, 0.5, 1),
                ["recipes"] = new JsonArray(new JsonObject
                {
                    ["precision"] = "w4a4", ["rank"] = 16, ["alpha"] = 0.5, ["share"] = "site", ["lowRank"] = "randomized",
                        ["weights"] = "gptq", ["damp"] = 0.01,
                    ["ties"] = "even", ["granularity"] = "block", ["clipRatios"] = new JsonArray(0.6, 0.7, 0.8, 0.9, 1),
                }),
                ["experts"] = new JsonArray(Expert("high_noise", 15, random), Expert("low_noise", 25, random)),
                ["warnings"] = new JsonArray(),
                ["missing"] = new JsonArray(),
            },
            new JsonObject
            {
                ["executed"] = true, ["started"] = "2026-01-01 00:00:00 UTC", ["seconds"] = 36000, ["threads"] = 16, ["processors"] = 16,
                    ["system"] = "linux-x64", ["peakBytes"] = 20L << 30,
                ["stages"] = new JsonArray(new JsonObject { ["name"] = "Gptq", ["ran"] = 800, ["cached"] = 0, ["missing"] = 0,
                    ["ranSeconds"] = 36000, ["cachedSeconds"] = 0 }),
                ["layers"] = new JsonArray(Times(), Times()),
                ["changes"] = null,
            });
    }

    private static JsonObject Expert(string name, int steps, Random random) => new()
    {
        ["name"] = name,
        ["blocks"] = Blocks,
        ["timesteps"] = new JsonArray([.. Enumerable.Range(0, steps).Select(step => (JsonNode)(999 - (20 * step)))]),
        ["bins"] = new JsonArray(new JsonObject { ["name"] = "all", ["min"] = 0, ["max"] = 1000,
            ["steps"] = new JsonArray([.. Enumerable.Range(0, steps).Select(step => (JsonNode)step)]) }),
        ["sourceBytes"] = 28L << 30,
        ["bytes"] = new JsonObject { ["codes"] = 7L << 30, ["scales"] = 1L << 28, ["lowRank"] = 1L << 27, ["smooth"] = 1L << 22,
            ["clips"] = 9600, ["keptLayers"] = 0, ["other"] = 1L << 28 },
        ["files"] = new JsonArray(new JsonArray("config.json", 300, new string('a', 64))),
        ["layers"] = new JsonArray([.. Enumerable.Range(0, Blocks)
            .SelectMany(block => Modules.Select((module, m) => (JsonNode)Layer(block, module, SiteOf[m], random)))]),
        ["sites"] = new JsonArray([.. Enumerable.Range(0, Blocks)
            .SelectMany(block => Sites.Select((site, s) => (JsonNode)Site(block, site, s, steps, random)))]),
    };

    private static JsonObject Layer(int block, string module, int site, Random random)
    {
        double error = 0.03 + (0.1 * random.NextDouble());
        JsonArray Ladder(double scale) => [.. new[] { 4.0, 1.3, 1.05, 1.0 }.Select(factor => (JsonNode)Math.Round(scale * factor, 6))];
        return new JsonObject
        {
            ["name"] = $"blocks.{block}.{module}", ["block"] = block, ["site"] = site, ["out"] = 5120, ["in"] = 5120, ["recipe"] = 0,
            ["bytes"] = new JsonArray(13107200, 819200, 327680, 20480, 24),
            ["gptq"] = new JsonObject { ["damping"] = 0.01, ["tries"] = 1, ["fellBack"] = false, ["deadColumns"] = 0, ["proxyLoss"] = 1 },
            ["relative"] = Ladder(error), ["cosine"] = Ladder(error * error / 2),
            ["bins"] = new JsonArray(new JsonObject { ["tokens"] = 30720, ["relative"] = Ladder(error),
                ["cosine"] = Ladder(error * error / 2) }),
            ["clips"] = new JsonArray(new JsonObject { ["ratio"] = 0.8, ["ratios"] = new JsonArray(0.6, 0.7, 0.8, 0.9, 1),
                ["errors"] = new JsonArray(0.3, 0.2, 0.1, 0.12, 0.15) }),
        };
    }

    private static JsonObject Site(int block, string site, int index, int steps, Random random)
    {
        var magnitudes = new byte[steps * 64 * 2];
        for (int i = 0; i < magnitudes.Length; i += 2)
            (magnitudes[i], magnitudes[i + 1]) = ((byte)random.Next(256), (byte)random.Next(0x3E, 0x42));
        JsonArray Constant(double value) => [.. Enumerable.Range(0, steps).Select(_ => (JsonNode)value)];
        return new JsonObject
        {
            ["name"] = $"blocks.{block}.{site}", ["block"] = block, ["site"] = index, ["channels"] = 5120, ["groups"] = 64,
                ["magnitudes"] = Convert.ToBase64String(magnitudes),
            ["max"] = Constant(20 + random.Next(50)), ["p99"] = Constant(8), ["median"] = Constant(1),
                ["sorted"] = new JsonArray(50, 8, 2, 1, 0.1),
            ["smoothing"] =
                new JsonArray(new JsonObject { ["name"] = $"blocks.{block}.{site}", ["sorted"] = new JsonArray(5, 3, 2, 1, 0.2),
                    ["outliers"] = new JsonArray(new JsonArray(7, 50, 10, 5)) }),
        };
    }

    private static JsonArray Times() =>
        [.. Enumerable.Range(0, Blocks * Modules.Length)
            .Select(_ => (JsonNode)new JsonObject { ["seconds"] = new JsonArray(4, 30, 20, 10), ["ran"] = 4, ["of"] = 4 })];

    private static JsonArray Texts(IEnumerable<string> texts) => [.. texts.Select(text => (JsonNode)text)];
}
