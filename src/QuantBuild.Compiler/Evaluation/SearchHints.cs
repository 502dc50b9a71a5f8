using System.Globalization;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Planning;
using QuantBuild.Compiler.Quantizers;
using QuantBuild.Compiler.Work;

namespace QuantBuild.Compiler.Evaluation;

/// <summary>
/// What searches of a build picked, where they picked one value nearly everywhere: a grid that is too short or too coarse.
/// </summary>
internal static class SearchHints
{
    /// <summary>Choices below which nothing is said.</summary>
    private const int Fewest = 20;

    /// <summary>Part of the choices that counts as nearly all.</summary>
    private const double NearlyAll = 0.95;

    /// <summary>A choice of a search.</summary>
    /// <param name="What">What was searched, plural.</param>
    /// <param name="Value">What it picked.</param>
    /// <param name="Candidates">What it tried.</param>
    /// <param name="Setting">The setting that lists candidates; null where there is none to change.</param>
    public readonly record struct Choice(string What, double Value, IReadOnlyList<double> Candidates, string? Setting);

    /// <summary>The choices of a layer: clip ratios and exponent offsets by bin, and the ridge of a refit.</summary>
    /// <param name="layer">The layer.</param>
    /// <param name="outcome">How its weight was rounded; null when that is not known.</param>
    /// <param name="clips">Its clips, as far as they are known.</param>
    public static IEnumerable<Choice> Of(LayerPlan layer, GptqOutcome? outcome, IEnumerable<ClipChoice> clips)
    {
        foreach (ClipChoice clip in clips)
        {
            yield return new Choice("clip ratios", clip.Ratio, [.. clip.Errors.Select(candidate => (double)candidate.Ratio).Distinct()],
                $"activations.{RecipeSettings.ClipRatios.Key}");
            yield return new Choice("exponent offsets", clip.Offset,
                [.. clip.Errors.Select(candidate => (double)candidate.Offset).Distinct()],
                    $"activations.{RecipeSettings.ExponentOffsets.Key}");
        }
        if (layer.Recipe.Weights.Method == WeightMethod.Refit && outcome?.Refit is { Ridge: { } ridge, Tried.Length: > 1 })
            yield return new Choice("ridges", ridge, RidgeChoice.Grid, null);
    }

    /// <summary>A sentence for every search that picked one value nearly everywhere; none for a single candidate.</summary>
    public static IReadOnlyList<string> Of(IEnumerable<Choice> choices) =>
        [.. choices.Where(choice => choice.Candidates.Count > 1).GroupBy(choice => choice.What).Select(Hint).OfType<string>()];

    private static string? Hint(IGrouping<string, Choice> search)
    {
        Choice[] all = [.. search];
        IGrouping<double, Choice> most = all.GroupBy(choice => choice.Value).OrderByDescending(group => group.Count())
            .ThenBy(group => group.Key).First();
        int count = most.Count();
        if (all.Length < Fewest || count < NearlyAll * all.Length)
            return null;
        double[] tried = [.. most.First().Candidates.Order()];
        string advice = most.First().Setting is not { } setting ? ""
            : most.Key == tried[0] || most.Key == tried[^1]
            ? string.Create(CultureInfo.InvariantCulture,
                $": it is an end of the candidates, so one {(most.Key == tried[0] ? "below" : "above")} it in \"{setting}\" may be better")
            : string.Create(CultureInfo.InvariantCulture,
                $": candidates between its neighbours {Below(tried, most.Key)} and {Above(tried, most.Key)}")
                + string.Create(CultureInfo.InvariantCulture, $" in \"{setting}\" may be better");
        return string.Create(CultureInfo.InvariantCulture, $"{count} of {all.Length} {search.Key} are {most.Key:G6}{advice}");
    }

    private static double Below(double[] ascending, double value) => ascending.Last(other => other < value);

    private static double Above(double[] ascending, double value) => ascending.First(other => other > value);
}
