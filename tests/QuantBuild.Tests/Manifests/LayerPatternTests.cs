using System.Globalization;
using System.Text.RegularExpressions;
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

    [Fact]
    public void Patterns_mean_what_the_regular_expression_of_the_same_meaning_does()
    {
        var random = new Random(42);
        int matched = 0;
        for (int round = 0; round < 20_000; round++)
        {
            string text =
                string.Join('.', Enumerable.Range(0, random.Next(1, 4))
                    .Select(_ => Part(random, ["a", "b", "1", "2", "11", "*", "a*", "**1", "1-2", "0-11"])));
            string name =
                string.Join('.', Enumerable.Range(0, random.Next(1, 4)).Select(_ => Part(random, ["a", "b", "ab", "1", "2", "11", "21"])));
            string regex = "^"
                + string.Join("\\.", text.Split('.').Select(part => part.Contains('-') ? Alternatives(part) : part.Replace("*", ".*")))
                + "$";

            Assert.True(LayerPattern.TryParse(text, out LayerPattern? pattern, out _));
            bool expected = Regex.IsMatch(name, regex, RegexOptions.NonBacktracking);

            Assert.True(expected == pattern.IsMatch(name), $"{text} on {name}");
            matched += expected ? 1 : 0;
        }
        Assert.InRange(matched, 1000, 19_000);

        static string Part(Random random, string[] parts) => parts[random.Next(parts.Length)];

        static string Alternatives(string range)
        {
            int[] ends = [.. range.Split('-').Select(end => int.Parse(end, CultureInfo.InvariantCulture))];
            return "(" + string.Join('|', Enumerable.Range(ends[0], ends[1] - ends[0] + 1)) + ")";
        }
    }
}
