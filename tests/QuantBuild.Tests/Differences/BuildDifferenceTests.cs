using System.Collections.Immutable;
using System.Text.Json.Nodes;
using QuantBuild.Compiler.Differences;
using QuantBuild.Compiler.Work;

namespace QuantBuild.Tests.Differences;

public sealed class BuildDifferenceTests
{
    [Fact]
    public void Settings_explain_before_inputs_and_these_before_results()
    {
        BuildSnapshot before = Build("a", Layer("1", rank: "16", input: "x", result: "r", error: 0.1),
            Layer("2", input: "x", result: "r", error: 0.1), Layer("3", result: "r", error: 0.1), Layer("4", error: 0.1));
        BuildSnapshot after = Build("b", Layer("1", rank: "32", input: "y", result: "s", error: 0.05),
            Layer("2", input: "y", result: "s", error: 0.12), Layer("3", result: "s", error: 0.09), Layer("4", error: 0.1));

        BuildDifference difference = BuildDifference.Of(before, after);

        Assert.Equal(["1: rank: 16 → 32", "2: input: x → y", "3: result differs"],
            difference.Layers.Select(layer => $"{layer.Layer}: {layer.Why}"));
        Assert.Equal((0.1, 0.09), (difference.MeanErrorBefore!.Value, Math.Round(difference.MeanErrorAfter!.Value, 12)));
        Assert.Equal(4, difference.LayerCount);
    }

    [Fact]
    public void Another_input_that_changed_no_result_is_no_difference() =>
        Assert.Empty(BuildDifference.Of(Build("a", Layer("1", input: "x", result: "r", error: 0.1)),
            Build("b", Layer("1", input: "y", result: "r", error: 0.1))).Layers);

    [Fact]
    public void A_layer_that_one_build_left_alone_counts_as_kept()
    {
        LayerDifference layer = Assert.Single(BuildDifference.Of(Build("a", Layer("1", result: "r", error: 0.1)), Build("b")).Layers);

        Assert.Equal(("precision: w4a4 → bf16", 0.1, 0.0), (layer.Why, layer.ErrorBefore!.Value, layer.ErrorAfter!.Value));
    }

    [Fact]
    public void What_is_not_known_is_not_made_up()
    {
        BuildDifference difference = BuildDifference.Of(Build("a", Layer("1", rank: "8")), Build("b", Layer("1", rank: "9", error: 0.1)));

        Assert.Null(difference.MeanErrorBefore);
        Assert.Contains("| mean layer error | unknown | 0.1000 |  |", DifferenceMarkdown.Render(difference));
        Assert.Null(DifferenceDocument.Of(difference)["layers"]![0]!["before"]);
    }

    [Fact]
    public void Markdown_folds_what_is_many_and_escapes_what_would_break_a_table()
    {
        BuildSnapshot before = Build("a", [.. Enumerable.Range(0, 20).Select(i => Layer($"blocks.{i}.ffn.2", rank: "a|b", error: 0.1))]);
        BuildSnapshot after =
            Build("b", [.. Enumerable.Range(0, 20).Select(i => Layer($"blocks.{i}.ffn.2", rank: "c", error: 0.1 + (i * 0.001)))]);

        string text = DifferenceMarkdown.Render(BuildDifference.Of(before, after));

        Assert.Contains("20 of 20 layers differ.", text);
        Assert.Contains("| low_noise `blocks.19.ffn.2` | 0.1000 | 0.1190 | +19.0 % | unknown | unknown | rank: a\\|b → c |", text);
        Assert.Contains("<details><summary>5 more</summary>", text);
        Assert.Equal(20, text.Split('\n').Count(line => line.StartsWith("| low_noise", StringComparison.Ordinal)));
    }

    [Fact]
    public void The_document_has_what_the_report_page_reads()
    {
        JsonObject json =
            DifferenceDocument
            .Of(BuildDifference.Of(Build("a", Layer("1", rank: "16", error: 0.1)), Build("b", Layer("1", rank: "32", error: 0.05))));

        Assert.Equal(
            """{"expert":"low_noise","name":"1","why":"rank: 16 → 32","changes":[{"part":"rank","before":"16","after":"32"}],"before":0.1,"after":0.05,"bytes":null}""",
            json["layers"]![0]!.ToJsonString(
                new System.Text.Json.JsonSerializerOptions { Encoder =
                    System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }));
        Assert.Equal(("a", "b", "[100,100]"),
            (json["before"]!.GetValue<string>(), json["after"]!.GetValue<string>(), json["bytes"]!.ToJsonString()));
    }

    private static BuildSnapshot Build(string name, params LayerSnapshot[] layers) =>
        new(name, layers, ImmutableSortedDictionary<string, long>.Empty.Add("low_noise", 100));

    private static LayerSnapshot Layer(string name, string? rank = null, string? input = null, string? result = null, double? error = null)
    {
        ImmutableSortedDictionary<string, string> settings = ImmutableSortedDictionary<string, string>.Empty.Add("precision", "w4a4");
        return new LayerSnapshot("low_noise", name, IsQuantized: true, rank is null ? settings : settings.Add("rank", rank),
            input is null
                ? ImmutableSortedDictionary<string, string>.Empty
                : ImmutableSortedDictionary<string, string>.Empty.Add("input", input),
            result is null ? [] : [KeyValuePair.Create("result", result)], error is { } known
                ? new LayerQuality("low_noise", name, 1, 1, 1, known, 1)
                : null);
    }
}
