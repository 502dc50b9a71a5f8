using System.Text;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Gating;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Work;
using QuantBuild.Tests.Manifests;

namespace QuantBuild.Tests.Gating;

/// <summary>Measured values against the gates of a manifest, and gates moved to measured values.</summary>
public sealed class GateTests
{
    private static readonly MeasuredQuality Measured = new(
        [
            new LayerQuality("high_noise", "blocks.0.ffn.2", 0.4, 0.2, 0.15, 0.10, 0.995),
            new LayerQuality("low_noise", "blocks.0.ffn.2", 0.5, 0.3, 0.25, 0.20, 0.98),
            new LayerQuality("low_noise", "blocks.1.self_attn.o", 0, 0, 0, 0, 1),
        ],
        [
            new BinQuality("low_noise", "blocks.0.ffn.2", "mid", 0.5, 0.18, 0.985),
            new BinQuality("low_noise", "blocks.0.ffn.2", "late", 0.5, 0.25, 0.97),
        ],
        FinalLatentError: 0.3);

    [Theory]
    [InlineData("\"maxRelativeError\": 0.2", "")]
    [InlineData("\"maxRelativeError\": 0.15", "QB3301 low_noise blocks.0.ffn.2")]
    [InlineData("\"maxErrorVsRtn\": 0.3", "QB3302 low_noise blocks.0.ffn.2")]
    [InlineData("\"minCosine\": 0.99", "QB3303 low_noise blocks.0.ffn.2")]
    [InlineData("\"maxFinalLatentError\": 0.2", "QB3304 the model")]
    [InlineData("\"maxRelativeError\": 0.05", "QB3301 low_noise blocks.0.ffn.2|QB3301 high_noise blocks.0.ffn.2")]
    [InlineData("\"maxRelativeError\": 0.15, \"severity\": \"warning\"", "QB3311 low_noise blocks.0.ffn.2")]
    [InlineData("\"maxRelativeError\": 0.15, \"rules\": [{ \"match\": \"*.ffn.2\", \"maxRelativeError\": 0.2 }]", "")]
    [InlineData("\"rules\": [{ \"match\": \"*.ffn.2\", \"experts\": [\"high_noise\"], \"maxRelativeError\": 0.05 }]",
        "QB3301 high_noise blocks.0.ffn.2")]
    [InlineData("\"rules\": [{ \"bins\": [\"late\"], \"maxRelativeError\": 0.1 }]", "QB3301 low_noise blocks.0.ffn.2 in bin late")]
    [InlineData("\"rules\": [{ \"bins\": [\"*\"], \"maxRelativeError\": 0.1 }, { \"bins\": [\"late\"], \"maxRelativeError\": 0.3 }]",
        "QB3301 low_noise blocks.0.ffn.2 in bin mid")]
    [InlineData("\"maxRelativeError\": 0.15, \"rules\": [{ \"maxRelativeError\": 0.08, \"severity\": \"warning\" }]",
        "QB3311 high_noise blocks.0.ffn.2|QB3301 low_noise blocks.0.ffn.2")]
    public void Values_beyond_a_gate_are_reported(string gates, string expected)
    {
        IReadOnlyList<Diagnostic> found = Gates.Check(Section(gates), Measured);

        Assert.Equal(expected, string.Join('|', found.Select(diagnostic => $"{diagnostic.Descriptor.Code} {diagnostic.Arguments[0]}")));
    }

    [Fact]
    public void A_diagnostic_stands_at_the_gate_that_it_is_about()
    {
        Diagnostic found =
            Assert.Single(Gates.Check(Section("\n\"rules\": [\n  { \"match\": \"*.ffn.2\", \"maxRelativeError\": 0.15 }]"), Measured));

        Assert.Equal(
            "/project/model.quant.json(7,45): error QB3301: low_noise blocks.0.ffn.2: relative error 0.2 is above the gate of 0.15",
                found.ToString());
    }

    [Fact]
    public void What_many_layers_miss_is_counted_after_the_worst_five()
    {
        MeasuredQuality many = Measured with
        {
            Layers = [.. Enumerable.Range(0, 40)
                .Select(i => new LayerQuality("low_noise", $"blocks.{i}.ffn.0", 1, 1, 1, 0.5 + (i * 0.01), 0.9))],
        };

        IReadOnlyList<Diagnostic> found = Gates.Check(Section("\"maxRelativeError\": 0.1"), many);

        Assert.Equal(5, found.Count);
        Assert.StartsWith("low_noise blocks.39.ffn.0: relative error 0.89 ", found[0].Message, StringComparison.Ordinal);
        Assert.EndsWith("; 35 more are beyond it", found[4].Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(GateMetric.RelativeError, 0.10561, 0.1, 0.117)]
    [InlineData(GateMetric.RelativeError, 0.2, 0, 0.2)]
    [InlineData(GateMetric.RelativeError, 0, 0.1, 0.000001)]
    [InlineData(GateMetric.ErrorVsRtn, 12.345, 0.1, 13.6)]
    [InlineData(GateMetric.Cosine, 0.994448, 0.1, 0.99389)]
    [InlineData(GateMetric.Cosine, 1, 0.1, 0.999999)]
    internal void A_limit_lies_a_margin_beyond_the_worst_value(GateMetric metric, double worst, double margin, double expected) =>
        Assert.Equal(expected, GateUpdate.LimitFor(metric, worst, margin), 12);

    [Fact]
    public void An_update_passes_what_was_measured_and_keeps_every_other_byte()
    {
        string text =
            ManifestText.With(
                "  \"gates\": { \"maxRelativeError\": 0.01, // tight\n    \"rules\": [{ \"bins\": [\"late\"], \"minCosine\": 1 }] /* x */ }");
        GatesSection before = ManifestText.Valid(text).Gates;

        string updated = Encoding.UTF8.GetString(GateUpdate.Apply("/project/model.quant.json", Encoding.UTF8.GetBytes(text),
            GateUpdate.Limits(GateReadings.Of(before, Measured), 0.1), []));

        Assert.Equal(text.Replace("0.01,", "0.22,").Replace("\"minCosine\": 1 ", "\"minCosine\": 0.967 "), updated);
        Assert.Empty(Gates.Check(ManifestText.Valid(updated).Gates, Measured));
    }

    [Fact]
    public void A_manifest_without_gates_gets_two()
    {
        byte[] text = Encoding.UTF8.GetBytes(ManifestText.Minimal);

        string updated =
            Encoding.UTF8.GetString(GateUpdate.Apply("/project/model.quant.json", text, [], GateUpdate.FirstLimits(Measured, 0.1)));

        Assert.Contains("\"gates\": { \"maxRelativeError\": 0.22, \"maxErrorVsRtn\": 0.44 }", updated);
        Assert.Empty(Gates.Check(ManifestText.Valid(updated).Gates, Measured));
    }

    private static GatesSection Section(string gates) => ManifestText.Valid(ManifestText.With("\"gates\": { " + gates + " }")).Gates;
}
