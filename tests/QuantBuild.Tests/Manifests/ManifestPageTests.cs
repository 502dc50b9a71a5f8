using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Manifests.Binding;

namespace QuantBuild.Tests.Manifests;

/// <summary>docs/manifest.md describes every key in the table of its section.</summary>
public sealed class ManifestPageTests
{
    private static readonly string Page = File.ReadAllText(Path.Combine(TestData.Root, "docs", "manifest.md"));

    [Theory]
    [InlineData("manifest", "## Top level")]
    [InlineData("model", "## `model`")]
    [InlineData("expert", "## `experts`")]
    [InlineData("experts", "## `experts`")]
    [InlineData("expertWeights", "## `experts`", "### `quantize.weights`")]
    [InlineData("bin", "### Bins")]
    [InlineData("calibration", "## `calibration`")]
    [InlineData("guidance", "## `calibration`")]
    [InlineData("quantize", "## `quantize`", "## `overrides`")]
    [InlineData("smooth", "### `quantize.smooth`")]
    [InlineData("lowRank", "### `quantize.lowRank`")]
    [InlineData("weights", "### `quantize.weights`")]
    [InlineData("activations", "### `quantize.activations`")]
    [InlineData("override", "## `overrides`")]
    [InlineData("compute", "## `compute`")]
    [InlineData("gates", "## `gates`")]
    [InlineData("gateRule", "## `gates`")]
    [InlineData("output", "## `output`")]
    public void Every_key_is_described_in_its_section(string keys, params string[] headings)
    {
        string text = string.Concat(headings.Select(Section));

        Assert.All(ManifestKeys.All.Single(set => set.Name == keys).Keys, key => Assert.Contains($"`{key}`", text));
    }

    [Fact]
    public void The_smallest_example_is_a_valid_manifest()
    {
        string example = Page.Split("```jsonc")[1].Split("```")[0];

        ManifestText.Valid(example);
    }

    [Fact]
    public void Every_choice_is_named()
    {
        string[] names = [.. RecipeNames.Precision.Names, .. RecipeNames.Share.Names, .. RecipeNames.LowRankMethod.Names,
            .. RecipeNames.WeightMethod.Names,
            .. RecipeNames.Granularity.Names, .. RecipeNames.Ties.Names, .. RecipeNames.Objective.Names,
            .. ComputeNames.Backend.Names, .. ComputeNames.Device.Names, .. ComputeNames.DType.Names];

        Assert.All(names, name => Assert.Contains($"`{name}`", Page));
    }

    private static string Section(string heading)
    {
        int start = Page.IndexOf(heading + "\n", StringComparison.Ordinal);
        Assert.True(start >= 0, heading);
        int end = Page.IndexOf("\n#", start + heading.Length, StringComparison.Ordinal);
        return end < 0 ? Page[start..] : Page[start..end];
    }
}
