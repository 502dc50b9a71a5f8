using System.Collections.Immutable;
using QuantBuild.Artifacts;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Publishing;
using QuantBuild.Compiler.Work;
using QuantBuild.Formats;
using QuantBuild.Tests.Artifacts;

namespace QuantBuild.Tests.Hub;

public sealed class ModelCardTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("quantbuild-card-").FullName;
    private readonly ArtifactDescriptor _artifact;

    public ModelCardTests()
    {
        var artifact = new TestArtifact();
        artifact.Write(_folder);
        _artifact = artifact.Descriptor;
    }

    private LayerQuality[] _quality = [];

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private string Render(string? existing = null, string license = "apache-2.0") =>
        ModelCard.Render(_artifact, new ModelCardFacts(RepoId.Parse("Wan-AI/Wan2.2-I2V-A14B"), license), [.. _quality], existing);

    [Fact]
    public void A_new_card_names_base_model_licence_and_experts()
    {
        string card = Render();

        Assert.StartsWith(
            "---\nlicense: apache-2.0\npipeline_tag: image-to-video\nbase_model: Wan-AI/Wan2.2-I2V-A14B\nbase_model_relation: quantized\n",
                card);
        Assert.Contains("| high_noise | 1000–900 |", card);
        Assert.Contains("| low_noise | 899–0 |", card);
    }

    [Fact]
    public void A_text_to_video_model_is_found_as_one() => Assert.Contains("pipeline_tag: text-to-video\n", ModelCard.Render(
        _artifact with { Architecture = "wan2.2-t2v" }, new ModelCardFacts(null, null), []), StringComparison.Ordinal);

    [Fact]
    public void What_was_measured_is_a_table_of_means_with_the_worst_layer()
    {
        _quality = [new("high_noise", "blocks.0.ffn.0", 0.2, 0.15, 0.125, 0.1, 0.995),
            new("high_noise", "blocks.0.ffn.2", 0.4, 0.35, 0.325, 0.3, 0.985)];

        Assert.Contains("| high_noise | 0.3000 | 0.2500 | 0.2250 | 0.2000 | 0.9900 | `blocks.0.ffn.2` 0.3000 |\n", Render());
        Assert.Equal(Render(), Render(Render()));
    }

    [Theory]
    [InlineData("\n\n---\nlanguage: en\n---\nText.\n")]
    [InlineData("---\r\nlanguage: en\r\n---\r\n")]
    [InlineData("---\nlanguage: en\n---")]
    public void Front_matter_is_found_as_the_hub_finds_it(string existing)
    {
        string card = Render(existing);

        Assert.StartsWith("---\nlicense: apache-2.0\n", card);
        Assert.Contains("language: en\n---\n", card);
        Assert.Equal(3, card.Split("---\n").Length);
    }

    [Fact]
    public void A_card_claims_only_what_the_artifact_has()
    {
        var facts = new ModelCardFacts(null, null, Gptq: true);
        ImmutableSortedDictionary<string, ArtifactExpert> plain = _artifact.Experts.ToImmutableSortedDictionary(expert => expert.Key,
            expert => expert.Value with
        {
            Layers = expert.Value.Layers.ToImmutableSortedDictionary(layer => layer.Key, layer =>
                layer.Value with { Rank = 0, Smooth = false, Clips = [ClipSetting.None] }, StringComparer.Ordinal),
        }, StringComparer.Ordinal);

        string full = ModelCard.Render(_artifact, facts, []),
            bare = ModelCard.Render(_artifact with { Experts = plain, Layout = "lightx2v" }, facts with { Gptq = false }, []);

        Assert.Contains("smoothing, a low-rank branch, GPTQ and clip ratios by timestep.", full);
        Assert.Contains("- svdquant\n- gptq\n", full);
        Assert.Contains("ModelArtifact.Open", full);
        Assert.DoesNotContain("gptq", bare, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("svdquant", bare);
        Assert.DoesNotContain("smoothing", bare);
        Assert.DoesNotContain("clip", bare);
        Assert.DoesNotContain("ModelArtifact.Open", bare);
        Assert.Contains("layout `lightx2v`", bare);
    }

    [Fact]
    public void Rendering_again_changes_nothing() => Assert.Equal(Render(), Render(Render()));

    [Fact]
    public void The_user_s_text_and_keys_are_kept_and_generated_ones_replaced()
    {
        string edited = Render().Replace("license: apache-2.0", "language:\n- en\n- zh\nlicense: other")
            .Replace("# test\n", "# My model\n\nMy words.\n") + "\nMore of my words.\n";

        string card = Render(edited, "mit");

        Assert.Contains("language:\n- en\n- zh\n---\n", card);
        Assert.DoesNotContain("license: other", card);
        Assert.Contains("license: mit\n", card);
        Assert.Contains("# My model\n\nMy words.\n", card);
        Assert.EndsWith("<!-- quantbuild:end -->\n\nMore of my words.\n", card);
        Assert.Equal(card, Render(card, "mit"));
    }

    [Fact]
    public void Facts_that_are_not_given_again_stay_as_the_card_has_them()
    {
        string card = Render();

        Assert.Equal(card, ModelCard.Render(_artifact, new ModelCardFacts(null, null), [], card));
        string several = card.Replace("base_model: Wan-AI/Wan2.2-I2V-A14B\n", "base_model:\n- one/model\n- another/model\n");
        Assert.Contains("base_model:\n- one/model\n- another/model\nbase_model_relation: quantized\n",
            ModelCard.Render(_artifact, new ModelCardFacts(null, null), [], several));
    }

    [Fact]
    public void A_card_without_marks_gets_the_section_at_its_end()
    {
        string card = Render("Only my words.");

        Assert.Contains("---\n\nOnly my words.\n\n<!-- quantbuild:begin -->", card);
    }

    [Theory]
    [InlineData("---\nlicense: mit\n")]
    [InlineData("---\nno key here\n---\n")]
    [InlineData("<!-- quantbuild:begin -->")]
    [InlineData("<!-- quantbuild:end --> <!-- quantbuild:begin -->")]
    [InlineData("<!-- quantbuild:begin --> <!-- quantbuild:begin --> <!-- quantbuild:end -->")]
    public void Cards_that_cannot_be_understood_are_left_alone(string existing) =>
        Assert.Equal("QB5050", Assert.Throws<DiagnosticException>(() => Render(existing)).Diagnostics[0].Descriptor.Code);

    [Fact]
    public void Values_that_yaml_would_read_otherwise_are_quoted() => Assert.Contains("license: 'a: #''b'", Render(license: "a: #'b"));
}
