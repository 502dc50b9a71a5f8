using System.Collections.Immutable;
using System.Text.Json.Nodes;
using QuantBuild.Compiler.Evaluation;
using QuantBuild.Compiler.Quantizers;
using QuantBuild.Compiler.Store;

namespace QuantBuild.Tests.Evaluation;

public sealed class RememberedEvaluationTests
{
    private static readonly Digest Plan = Digest.Of("plan"u8);

    private static readonly RememberedEvaluation Usual = new(Plan, 8,
    [
        new("full", 0, ImmutableSortedDictionary<string, double>.Empty, 0, 1, null, null, 1 << 30, null),
        new(EvaluationReport.Ours, 0.06, ImmutableSortedDictionary<string, double>.Empty.Add("high_noise", 0.05), 0.2, 0.98, 31.5, 0.9,
            1 << 20, 2.5) { HeldOut = 0.07, LatentSpread = 0.001 },
    ])
    {
        Repeats = 3,
        Layers = [new("low_noise", "blocks.0.ffn.2", 0.09, new WeightSpectrum([3, 2], 20, 8))],
    };

    [Fact]
    public void What_was_stored_is_read()
    {
        RememberedEvaluation read = EvaluationHistory.Parse(CanonicalJson.Serialize(Usual.ToJson()))!;

        Assert.Equal(CanonicalJson.Serialize(Usual.ToJson()), CanonicalJson.Serialize(read.ToJson()));
        Assert.Equal((Plan, 8, 2), (read.Plan, read.Samples, read.Rows.Length));
        Assert.Equal((0.2, (double?)31.5, (double?)2.5), (read.Rows[1].LatentError, read.Rows[1].Psnr, read.Rows[1].SecondsPerSample));
        Assert.Null(read.Rows[0].Psnr);
        Assert.Equal((3, (double?)0.07, 0.6), (read.Repeats, read.Rows[1].HeldOut, read.Layers.Single().Spectrum.Held));
    }

    [Fact]
    public void One_of_an_earlier_version_is_read_without_what_it_did_not_measure()
    {
        JsonObject json = Usual.ToJson();
        json.Remove("repeats");
        json.Remove("layers");
        json["rows"]![1]!.AsObject().Remove("heldOut");

        RememberedEvaluation read = EvaluationHistory.Parse(CanonicalJson.Serialize(json))!;

        Assert.Equal((1, 0, (double?)null), (read.Repeats, read.Layers.Length, read.Rows[1].HeldOut));
    }

    [Fact]
    public void The_page_is_told_whether_it_is_about_the_same_plan()
    {
        Assert.True((bool)Usual.ToPage(Plan)["current"]!);
        Assert.False((bool)Usual.ToPage(Digest.Of("other"u8))["current"]!);
    }

    [Theory]
    [InlineData("plan")]
    [InlineData("samples")]
    [InlineData("rows")]
    public void A_damaged_one_is_none(string part)
    {
        JsonObject json = Usual.ToJson();
        json[part] = "damaged";

        Assert.Null(EvaluationHistory.Parse(CanonicalJson.Serialize(json)));
    }
}
