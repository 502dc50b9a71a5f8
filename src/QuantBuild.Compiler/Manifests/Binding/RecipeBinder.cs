using System.Collections.Immutable;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Manifests.Json;

namespace QuantBuild.Compiler.Manifests.Binding;

/// <summary>The settings that <c>quantize</c>, an expert and an override have in common.</summary>
internal static class RecipeBinder
{
    /// <summary>Range of clip ratios, here and in bins.</summary>
    public static readonly Interval ClipRatio = new(0, 1, AboveMin: true);

    private const int MaxRank = 16384;
    private const int MaxOffset = 8;
    private const int MinBlock = 32;
    private const int MaxBlock = 4096;

    private static readonly Interval Unit = new(0, 1);

    // Below, float32 products no longer tell two approximations apart.
    private static readonly Interval Accuracy = new(1e-5, 1);

    /// <summary>What the section sets, with the places of the values.</summary>
    /// <param name="section">A section with the keys of a recipe.</param>
    /// <param name="weights">Its <c>weights</c>, which mean more in an expert; null when absent.</param>
    public static RecipePatch Bind(ObjectBinder section, ObjectBinder? weights)
    {
        ObjectBinder? smooth = section.Find("smooth") is ManifestBoolean ? null : section.Object("smooth", ManifestKeys.Smooth);
        ObjectBinder? lowRank = section.Object("lowRank", ManifestKeys.LowRank);
        ObjectBinder? activations = section.Object("activations", ManifestKeys.Activations);
        var patch = new RecipePatch
        {
            Precision = section.Choice("precision", RecipeNames.Precision),
            SmoothEnabled = section.Find("smooth") is ManifestBoolean shorthand ? shorthand.Value : smooth?.Flag("enabled"),
            Alpha = smooth?.Number("alpha", Unit),
            Share = smooth?.Choice("share", RecipeNames.Share),
            Rank = lowRank?.Integer("rank", 0, MaxRank),
            LowRankMethod = lowRank?.Choice("method", RecipeNames.LowRankMethod),
            LowRankAccuracy = lowRank?.Number("accuracy", Accuracy),
            WeightMethod = weights?.Choice("method", RecipeNames.WeightMethod),
            Damp = weights?.Number("damp", Unit),
            BlockSize = weights is null ? null : BlockSize(weights),
            Granularity = activations?.Choice("granularity", RecipeNames.Granularity),
            ClipRatios = activations?.Numbers("clipRatios", ClipRatio),
            ExponentOffsets = activations?.Integers("exponentOffsets", -MaxOffset, MaxOffset),
            Ties = activations?.Choice("ties", RecipeNames.Ties),
            Objective = activations?.Choice("objective", RecipeNames.Objective),
        };
        return patch with { Spans = Spans(section, smooth, lowRank, weights, activations) };
    }

    private static int? BlockSize(ObjectBinder weights)
    {
        int? size = weights.Integer("blockSize", MinBlock, MaxBlock);
        if (size is not { } columns || int.IsPow2(columns))
            return size;
        weights.Values.Report(Descriptors.OutOfRange, weights.SpanOf("blockSize"), weights.PathOf("blockSize"), columns,
            $"a power of two between {MinBlock} and {MaxBlock}");
        return null;
    }

    private static ImmutableDictionary<RecipeSetting, SourceSpan> Spans(ObjectBinder section, ObjectBinder? smooth, ObjectBinder? lowRank,
        ObjectBinder? weights, ObjectBinder? activations)
    {
        var spans = ImmutableDictionary.CreateBuilder<RecipeSetting, SourceSpan>();
        Note(RecipeSetting.Precision, section, "precision");
        if (section.Find("smooth") is ManifestBoolean shorthand)
            spans.Add(RecipeSetting.SmoothEnabled, shorthand.Span);
        Note(RecipeSetting.SmoothEnabled, smooth, "enabled");
        Note(RecipeSetting.Alpha, smooth, "alpha");
        Note(RecipeSetting.Share, smooth, "share");
        Note(RecipeSetting.Rank, lowRank, "rank");
        Note(RecipeSetting.LowRankMethod, lowRank, "method");
        Note(RecipeSetting.LowRankAccuracy, lowRank, "accuracy");
        Note(RecipeSetting.WeightMethod, weights, "method");
        Note(RecipeSetting.Damp, weights, "damp");
        Note(RecipeSetting.BlockSize, weights, "blockSize");
        Note(RecipeSetting.Granularity, activations, "granularity");
        Note(RecipeSetting.ClipRatios, activations, "clipRatios");
        Note(RecipeSetting.ExponentOffsets, activations, "exponentOffsets");
        Note(RecipeSetting.Ties, activations, "ties");
        Note(RecipeSetting.Objective, activations, "objective");
        return spans.ToImmutable();

        void Note(RecipeSetting setting, ObjectBinder? part, string key)
        {
            if (part?.Find(key) is { } value)
                spans.Add(setting, value.Span);
        }
    }
}
