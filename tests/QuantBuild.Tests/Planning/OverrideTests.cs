using System.Text;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Manifests.Binding;
using QuantBuild.Compiler.Planning;
using QuantBuild.Tests.Manifests;

namespace QuantBuild.Tests.Planning;

public sealed class OverrideTests : IDisposable
{
    private readonly TestCheckpoint _checkpoint = new();

    [Fact]
    public void The_last_match_wins_setting_by_setting()
    {
        Plan plan = _checkpoint.Plan(ManifestText.With("""
            "overrides": [
              { "match": "blocks.*.ffn.2", "lowRank": { "rank": 8 }, "weights": { "damp": 0.1 } },
              { "match": "blocks.1-2.*", "lowRank": { "rank": 4, "method": "exact" } },
              { "match": "blocks.2.ffn.2", "experts": ["low_noise"], "weights": { "damp": 0.2 } }
            ]
            """));

        LayerRecipe Recipe(int expert, string name) => plan.Experts[expert].Layers.Single(layer => layer.Name == name).Recipe;
        Assert.Equal((8, LowRankMethod.Randomized, 0.1), Spell(Recipe(0, "blocks.0.ffn.2")));
        Assert.Equal((4, LowRankMethod.Exact, 0.1), Spell(Recipe(0, "blocks.2.ffn.2")));
        Assert.Equal((4, LowRankMethod.Exact, 0.2), Spell(Recipe(1, "blocks.2.ffn.2")));
        Assert.Equal((4, LowRankMethod.Exact, 0.01), Spell(Recipe(0, "blocks.1.self_attn.q")));
        Assert.Equal((16, LowRankMethod.Randomized, 0.01), Spell(Recipe(0, "blocks.3.self_attn.q")));
    }

    [Fact]
    public void An_expert_s_settings_come_between_quantize_and_overrides_and_reasons_tell()
    {
        string text = ManifestText.With("""
            "quantize": { "lowRank": { "rank": 12 }, "weights": { "method": "rtn" } },
            "overrides": [{ "match": "blocks.0.ffn.*", "lowRank": { "rank": 2 }, "precision": "w4a16" }]
            """).Replace("\"low_noise\": {}", "\"low_noise\": { \"lowRank\": { \"rank\": 6, \"method\": \"exact\" } }");

        Plan plan = _checkpoint.Plan(text);

        LayerPlan Layer(int expert, string name) => plan.Experts[expert].Layers.Single(layer => layer.Name == name);
        Assert.Equal((12, "default"), (Layer(0, "blocks.1.ffn.0").Recipe.LowRank.Rank, Layer(0, "blocks.1.ffn.0").Reason));
        Assert.Equal(WeightMethod.Rtn, Layer(0, "blocks.1.ffn.0").Recipe.Weights.Method);
        Assert.Equal((6, "lowRank.rank, lowRank.method: experts.low_noise (line 3)"),
            (Layer(1, "blocks.1.ffn.0").Recipe.LowRank.Rank, Layer(1, "blocks.1.ffn.0").Reason));
        Assert.Equal((2, "lowRank.method: experts.low_noise (line 3); precision, lowRank.rank: 'blocks.0.ffn.*' (line 6)"),
            (Layer(1, "blocks.0.ffn.2").Recipe.LowRank.Rank, Layer(1, "blocks.0.ffn.2").Reason));
    }

    [Fact]
    public void An_override_that_matches_nothing_is_an_error_at_its_line()
    {
        Assert.Equal(
            [
                "6 QB1032: The override 'blocks.4.ffn.2' matches no layer of either expert; did you mean 'blocks.0.ffn.2'?",
                "7 QB1032: The override 'head.*' matches no layer of low_noise; names are like 'blocks.0.cross_attn.k'",
            ],
            _checkpoint.ProblemsWith("""
                "overrides": [
                  { "match": "blocks.4.ffn.2", "precision": "bf16" },
                  { "match": "head.*", "experts": ["low_noise"], "precision": "bf16" }
                ]
                """));
    }

    [Fact]
    public void An_override_whose_every_setting_is_replaced_everywhere_is_an_error()
    {
        Assert.Equal(
            ["6 QB1033: The override 'blocks.0.ffn.2' has no effect: later overrides replace every one of its settings on every layer "
                + "it matches ('*.ffn.2' in line 7, '*' in line 8)"],
            _checkpoint.ProblemsWith("""
                "overrides": [
                  { "match": "blocks.0.ffn.2", "lowRank": { "rank": 8 }, "weights": { "damp": 0.1 } },
                  { "match": "*.ffn.2", "lowRank": { "rank": 4 } },
                  { "match": "*", "weights": { "damp": 0.2 } }
                ]
                """));
    }

    [Theory]
    [InlineData("{ \"match\": \"*\", \"experts\": [\"high_noise\"], \"lowRank\": { \"rank\": 4 } }")] // the other expert's layers remain
    [InlineData("{ \"match\": \"blocks.1-3.*\", \"lowRank\": { \"rank\": 4 } }")] // block 0 remains
    [InlineData("{ \"match\": \"*\", \"lowRank\": { \"method\": \"exact\" } }")] // another setting
    public void An_override_that_keeps_any_effect_is_fine(string later) =>
        Assert.Empty(_checkpoint.ProblemsWith($$"""
            "overrides": [{ "match": "*.ffn.2", "lowRank": { "rank": 8 } }, {{later}}]
            """));

    [Theory]
    [InlineData("\"precision\": \"bf16\"", "\"lowRank\": { \"rank\": 8 }")]
    [InlineData("\"precision\": \"w4a16\"", "\"activations\": { \"clipRatios\": [1] }")]
    [InlineData("\"smooth\": false", "\"smooth\": { \"alpha\": 0.7 }")]
    [InlineData("\"weights\": { \"method\": \"rtn\" }", "\"weights\": { \"damp\": 0.1 }")]
    [InlineData("\"lowRank\": { \"rank\": 0 }", "\"lowRank\": { \"method\": \"exact\" }")]
    public void Settings_that_no_layer_uses_are_a_warning(string first, string second)
    {
        PlanResult result = _checkpoint.Resolve(ManifestText.With(
            $"\"overrides\": [ {{ \"match\": \"*\", {first} }},\n {{ \"match\": \"*\", {second} }}]"));

        Assert.NotNull(result.Plan);
        Assert.Equal("QB1034 6", Assert.Single(result.Diagnostics) is var problem
            ? $"{problem.Descriptor.Code} {problem.Span!.Value.Line}"
            : "");
    }

    [Theory]
    [InlineData("*")]
    [InlineData("blocks.*.ffn.2")]
    [InlineData("blocks.1.ffn.2")]
    public void Overrides_that_all_match_cost_what_they_are_long_not_that_times_the_layers(string match)
    {
        const int Count = 20_000;
        string text =
            ManifestText.With(
                $"\"overrides\": [{string.Join(',', Enumerable.Repeat($"{{\"match\":\"{match}\",\"lowRank\":{{\"rank\":8}}}}", Count))}]");
        QuantManifest manifest = ManifestReader.ReadText(_checkpoint.PathOf("model.quant.json"), Encoding.UTF8.GetBytes(text)).Manifest!;
        Planner.Resolve(manifest);
        long before = GC.GetAllocatedBytesForCurrentThread();

        PlanResult result = Planner.Resolve(manifest);

        // A recipe made for each match takes a thousand bytes.
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 600L * Count);
        Assert.Equal(501, result.Diagnostics.Length);
        Assert.Equal("QB1050", result.Diagnostics[^1].Descriptor.Code);
        Assert.Equal("QB1033", result.Diagnostics[0].Descriptor.Code);
    }

    public void Dispose() => _checkpoint.Dispose();

    private static (int, LowRankMethod, double) Spell(LayerRecipe recipe) =>
        (recipe.LowRank.Rank, recipe.LowRank.Method, recipe.Weights.Damp);
}
