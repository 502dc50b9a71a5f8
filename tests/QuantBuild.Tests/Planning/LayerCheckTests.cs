using QuantBuild.Models.Wan;
using QuantBuild.Tests.Manifests;

namespace QuantBuild.Tests.Planning;

public sealed class LayerCheckTests
{
    private static readonly WanConfig Misaligned = TestCheckpoint.Small with { FfnDim = 80 };

    [Fact]
    public void A_width_that_is_no_multiple_of_32_is_an_error_where_the_precision_was_set()
    {
        using var checkpoint = new TestCheckpoint(Misaligned);

        Assert.Equal(
            [
                "3 QB1042: Layer 'blocks.0.ffn.2' of high_noise has 80 input channels, as have 2 more layers; 4-bit layers need a "
                    + "multiple of 32",
                "5 QB1042: Layer 'blocks.1.ffn.2' of high_noise has 80 input channels; 4-bit layers need a multiple of 32",
            ],
            checkpoint.ProblemsWith("\"overrides\": [{ \"match\": \"blocks.1.ffn.2\", \"precision\": \"w4a16\" }]"));
    }

    [Fact]
    public void Such_a_layer_may_stay_at_bf16()
    {
        using var checkpoint = new TestCheckpoint(Misaligned);

        checkpoint.Plan(
            ManifestText.With("\"overrides\": [{ \"match\": \"*.ffn.2\", \"experts\": [\"high_noise\"], \"precision\": \"bf16\" }]"));
    }

    [Fact]
    public void A_rank_above_the_shorter_side_is_an_error_at_its_line()
    {
        using var checkpoint = new TestCheckpoint();

        Assert.Equal(
            [
                "5 QB1043: Rank 65 is more than layer 'blocks.0.ffn.2' of high_noise can have, as have 3 more layers: its weight is 64 x 96",
                "5 QB1043: Rank 65 is more than layer 'blocks.0.ffn.2' of low_noise can have, as have 3 more layers: its weight is 64 x 96",
            ],
            checkpoint.ProblemsWith("\"overrides\": [{ \"match\": \"*.ffn.2\", \"lowRank\": { \"rank\": 65 } }]"));
        checkpoint.Plan(ManifestText.With("\"overrides\": [{ \"match\": \"*.ffn.2\", \"lowRank\": { \"rank\": 64 } }]"));
    }

    [Theory]
    [InlineData("\"alpha\": 0.7", "smooth.alpha")]
    [InlineData("\"enabled\": false", "smooth.enabled")]
    [InlineData("\"share\": \"layer\"", "smooth.share")]
    public void Layers_of_a_site_that_share_their_smoothing_must_agree(string setting, string key)
    {
        using var checkpoint = new TestCheckpoint();

        Assert.Equal(
            [$"6 QB1044: 'blocks.0.self_attn.q' and 'blocks.0.self_attn.k' of high_noise read the same activation and share one "
                + $"smoothing vector, but their settings of '{key}' differ"],
            checkpoint.ProblemsWith($$"""
                "overrides": [
                  { "match": "*.self_attn.k", "experts": ["high_noise"], "smooth": { {{setting}} } }
                ]
                """));
    }

    [Theory]
    [InlineData("{ \"match\": \"*.self_attn.k\", \"smooth\": { \"alpha\": 0.7 } }, { \"match\": \"*.self_attn.k\", \"precision\": "
        + "\"bf16\" }", true)] // bf16 layers do not count
    [InlineData("{ \"match\": \"*\", \"smooth\": { \"share\": \"layer\" } }, { \"match\": \"*.self_attn.k\", \"smooth\": { \"alpha\": "
        + "0.7 } }", false)]
    [InlineData("{ \"match\": \"*attn.*\", \"smooth\": { \"alpha\": 0.7 } }", false)]
    [InlineData("{ \"match\": \"*.self_attn.o\", \"smooth\": { \"alpha\": 0.7 } }", false)] // alone at its site
    public void Layers_that_agree_or_do_not_share_are_fine(string overrides, bool warns)
    {
        using var checkpoint = new TestCheckpoint();

        Assert.Equal(warns ? ["QB1034"] : [],
            checkpoint.Resolve(ManifestText.With($"\"overrides\": [{overrides}]")).Diagnostics.Select(d => d.Descriptor.Code));
    }
}
