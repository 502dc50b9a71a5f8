using QuantBuild.Compiler.Evaluation;

namespace QuantBuild.Tests.Evaluation;

public sealed class SearchHintsTests
{
    [Theory]
    [InlineData(0.8, 40,
        "39 of 40 clip ratios are 0.8: candidates between its neighbours 0.6 and 1 in \"activations.clipRatios\" may be better")]
    [InlineData(0.6, 40,
        "39 of 40 clip ratios are 0.6: it is an end of the candidates, so one below it in \"activations.clipRatios\" may be better")]
    [InlineData(1.0, 40,
        "39 of 40 clip ratios are 1: it is an end of the candidates, so one above it in \"activations.clipRatios\" may be better")]
    [InlineData(0.8, 19, null)]
    public void A_value_that_nearly_all_choices_are_is_told_with_what_to_try(double value, int count, string? hint)
    {
        double other = value == 0.8 ? 1.0 : 0.8;
        SearchHints.Choice[] choices = [.. Enumerable.Range(0, count).Select(i => Choice(i == 0 ? other : value, 0.6, 0.8, 1.0))];

        Assert.Equal(hint is null ? [] : [hint], SearchHints.Of(choices));
    }

    [Fact]
    public void Nothing_is_told_of_mixed_choices_or_where_there_was_none()
    {
        Assert.Empty(SearchHints.Of(Enumerable.Range(0, 40).Select(i => Choice(i < 4 ? 0.6 : 0.8, 0.6, 0.8, 1.0))));
        Assert.Empty(SearchHints.Of(Enumerable.Range(0, 40).Select(_ => Choice(0.8, 0.8))));
    }

    private static SearchHints.Choice Choice(double value, params double[] candidates) =>
        new("clip ratios", value, candidates, "activations.clipRatios");
}
