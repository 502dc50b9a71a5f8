using QuantBuild.Compiler.Diagnostics;

namespace QuantBuild.Tests.Manifests;

public sealed class SuggestionTests
{
    [Theory]
    [InlineData("", "", 0)]
    [InlineData("rank", "rank", 0)]
    [InlineData("rnak", "rank", 1)]
    [InlineData("rank", "ranks", 1)]
    [InlineData("kitten", "sitting", 3)]
    [InlineData("", "abc", 3)]
    public void Distance_counts_edits(string a, string b, int expected)
    {
        Assert.Equal(expected, Suggestion.Distance(a, b));
        Assert.Equal(expected, Suggestion.Distance(b, a));
    }

    [Theory]
    [InlineData("rnak", "rank")]
    [InlineData("RANK", "rank")]
    [InlineData("metod", "method")]
    [InlineData("banana", null)]
    public void Only_near_words_are_suggested(string word, string? expected) =>
        Assert.Equal(expected, Suggestion.Nearest(word, ["rank", "method"]));
}
