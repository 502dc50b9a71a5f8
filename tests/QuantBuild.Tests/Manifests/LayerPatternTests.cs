using QuantBuild.Compiler.Manifests;

namespace QuantBuild.Tests.Manifests;

public sealed class LayerPatternTests
{
    [Theory]
    [InlineData("blocks.3.ffn.2", "blocks.3.ffn.2", true)]
    [InlineData("blocks.3.ffn.2", "blocks.33.ffn.2", false)]
    [InlineData("blocks.*.self_attn.o", "blocks.12.self_attn.o", true)]
    [InlineData("blocks.*.o", "blocks.12.self_attn.o", true)]
    [InlineData("*.o", "blocks.12.cross_attn.o", true)]
    [InlineData("*attn*", "blocks.12.cross_attn.o", true)]
    [InlineData("*", "blocks.0.ffn.0", true)]
    [InlineData("blocks.*", "blocks.0.ffn.0", true)]
    [InlineData("locks.*", "blocks.0.ffn.0", false)]
    [InlineData("blocks.0.ffn", "blocks.0.ffn.0", false)]
    [InlineData("blocks.3-5.ffn.2", "blocks.3.ffn.2", true)]
    [InlineData("blocks.3-5.ffn.2", "blocks.5.ffn.2", true)]
    [InlineData("blocks.3-5.ffn.2", "blocks.6.ffn.2", false)]
    [InlineData("blocks.3-5.ffn.2", "blocks.35.ffn.2", false)]
    [InlineData("blocks.3-5.ffn.2", "blocks.3-5.ffn.2", false)]
    [InlineData("blocks.9-11.*", "blocks.10.ffn.2", true)]
    [InlineData("*.0-2", "blocks.7.ffn.2", true)]
    [InlineData("BLOCKS.0.ffn.0", "blocks.0.ffn.0", false)]
    public void Patterns_match_whole_names(string text, string name, bool expected)
    {
        Assert.True(LayerPattern.TryParse(text, out LayerPattern? pattern, out _));

        Assert.Equal(expected, pattern.IsMatch(name));
    }

    [Fact]
    public void Many_stars_take_no_exponential_time()
    {
        Assert.True(LayerPattern.TryParse(string.Concat(Enumerable.Repeat("*a", 2000)) + "b", out LayerPattern? pattern, out _));

        Assert.False(pattern.IsMatch(new string('a', 2000)));
    }
}
