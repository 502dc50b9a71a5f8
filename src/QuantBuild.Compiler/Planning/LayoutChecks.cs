using System.Collections.Immutable;
using System.Globalization;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Models.Wan;
using QuantBuild.SafeTensors;

namespace QuantBuild.Compiler.Planning;

/// <summary>
/// Checks that the layout has a place for everything that the recipes make. What one line does to many layers is reported once.
/// </summary>
/// <param name="output">The output section.</param>
/// <param name="expert">The expert whose layers are checked.</param>
/// <param name="problems">Receives what is wrong.</param>
internal sealed class LayoutChecks(OutputSection output, ExpertSection expert, ICollection<Diagnostic> problems)
{
    private readonly string _name = RecipeNames.Layout.NameOf(output.Layout);

    /// <summary>Checks the section itself: some layouts decide types on their own.</summary>
    public static void CheckOutput(OutputSection output, ICollection<Diagnostic> problems)
    {
        string name = RecipeNames.Layout.NameOf(output.Layout);
        if (output is { Layout: OutputLayout.ModelSlim, KeptDtype: DType.F32, KeptDtypeSpan: { } type })
            problems.Add(Descriptors.LayoutCannotHold.At(type, name, "float32 tensors beside the quantized ones",
                "set output.keptDtype to \"bf16\", or leave it out"));
    }

    /// <summary>Checks all layers of the expert.</summary>
    public void Check(IReadOnlyList<(LayerPlan Layer, ResolvedRecipe Resolved)> layers, ImmutableArray<TimestepBin> bins)
    {
        if (output.Layout is OutputLayout.Native or OutputLayout.BFloat16 or OutputLayout.Diffusers)
            return;
        (LayerPlan Layer, ResolvedRecipe Resolved)[] quantized = [.. layers.Where(entry => entry.Layer.Recipe.Precision != Precision.BF16)];
        if (output.Layout == OutputLayout.LightX2V)
            Report(layers, recipe => recipe.Precision == Precision.BF16, RecipeSettings.Precision, "layers that are not quantized",
                "precision to \"w4a4\"");
        if (output.Layout is OutputLayout.LightX2V or OutputLayout.ModelSlim)
            Report(quantized, recipe => recipe.Precision == Precision.W4A16, RecipeSettings.Precision,
                "4-bit weights beside activations as they are", "precision to \"w4a4\"");
        if (output.Layout != OutputLayout.LightX2V)
            Report(quantized, recipe => recipe.LowRank.Rank > 0, RecipeSettings.Rank, "a low-rank branch", "lowRank.rank to 0");
        if (output.Layout == OutputLayout.ModelSlim)
            CheckAllOrNone(quantized);
        else
            Report(quantized, recipe => recipe.Smooth.Enabled, RecipeSettings.SmoothEnabled, "smoothing", "smooth to false");
        Report(quantized, recipe => recipe is { Precision: Precision.W4A4, Rotation: RotationMode.Hadamard32 }, RecipeSettings.Rotation,
            "a rotated input", "rotation to \"none\"");
        CheckClips([.. quantized.Where(entry => entry.Layer.Recipe.Precision == Precision.W4A4)], bins);
    }

    /// <summary>
    /// Layouts without an index have one file of weights per expert. A size that the manifest gives is no obstacle where that fits.
    /// </summary>
    /// <param name="config">The expert's sizes.</param>
    /// <param name="layers">Its layers.</param>
    public void CheckFileSize(WanConfig config, IEnumerable<LayerPlan> layers)
    {
        if (output is not { Layout: OutputLayout.ModelSlim or OutputLayout.LightX2V, ShardSizeSpan: { } place })
            return;
        Dictionary<string, LayerPlan> quantized = layers.Where(layer => layer.Recipe.Precision != Precision.BF16)
            .ToDictionary(layer => layer.WeightName, StringComparer.Ordinal);
        // Of kept tensors the source's type is not known here: the larger one.
        long kept = output is { Layout: OutputLayout.ModelSlim } or { KeptDtype: DType.BF16 } ? 2 : 4;
        long bytes = WanTensors.ExpectedShapes(config).Sum(tensor => quantized.TryGetValue(tensor.Key, out LayerPlan? layer)
            ? (long)layer.OutFeatures * layer.InFeatures * 17 / 32 : kept * tensor.Value.Aggregate(1L, (product, size) => product * size));
        if (bytes > output.ShardSize)
            problems.Add(Descriptors.LayoutCannotHold.At(place, _name,
                $"several files of weights, and {expert.Name} has about {ByteText.Of(bytes)}", "remove output.shardSize"));
    }

    /// <summary>The consumers choose the scale of activations themselves, by the block's maximum.</summary>
    private void CheckClips(IReadOnlyList<(LayerPlan Layer, ResolvedRecipe Resolved)> layers, ImmutableArray<TimestepBin> bins)
    {
        Report(layers, recipe => recipe.Activations.Granularity == ClipGranularity.Bin, RecipeSettings.Granularity, "static thresholds",
            "activations.granularity to \"block\"");
        Report(layers, recipe => !recipe.Activations.ClipRatios.SequenceEqual([1.0]), RecipeSettings.ClipRatios, "clip ratios",
            "activations.clipRatios to [1.0]");
        Report(layers, recipe => !recipe.Activations.ExponentOffsets.SequenceEqual([0]), RecipeSettings.ExponentOffsets, "exponent offsets",
            "activations.exponentOffsets to [0]");
        foreach ((TimestepBin bin, BinSection section) in bins.Zip(expert.Bins))
        {
            if (bin.KeepsActivations)
                problems.Add(Descriptors.LayoutCannotHold.At(section.Span, _name,
                    $"activations that are rounded in some bins only ('{bin.Name}' of {expert.Name})", "remove activations of the bin"));
            if (bin.ClipRatios is { } ratios && !ratios.SequenceEqual([1.0]))
                problems.Add(Descriptors.LayoutCannotHold.At(section.Span, _name, $"clip ratios of the bin '{bin.Name}' of {expert.Name}",
                    "remove clipRatios of the bin"));
        }
    }

    private void CheckAllOrNone(IReadOnlyList<(LayerPlan Layer, ResolvedRecipe Resolved)> layers)
    {
        if (layers.Any(entry => entry.Layer.Recipe.Smooth.Enabled))
        {
            Report(layers, recipe => !recipe.Smooth.Enabled, RecipeSettings.SmoothEnabled, "smoothed layers beside others that are not",
                "smooth the same for all layers");
            Report(layers, recipe => recipe.Smooth is { Enabled: true, Share: SmoothShare.Layer }, RecipeSettings.Share,
                "a smoothing vector of each layer's own", "smooth.share to \"site\"");
        }
    }

    private void Report(IEnumerable<(LayerPlan Layer, ResolvedRecipe Resolved)> layers, Func<LayerRecipe, bool> isUnfit,
        RecipeSetting setting, string what, string cure)
    {
        foreach (var group in layers.Where(entry => isUnfit(entry.Layer.Recipe)).GroupBy(entry => PlaceOf(entry.Resolved, setting)))
        {
            string more = group.Count() == 1 ? "" : string.Create(CultureInfo.InvariantCulture, $" and {group.Count() - 1} more");
            problems.Add(Descriptors.LayoutCannotHold.At(group.Key, _name, $"{what} ({group.First().Layer.Name}{more} of {expert.Name})",
                $"set {cure}"));
        }
    }

    /// <summary>The line that set a setting; the layout's for a default.</summary>
    private SourceSpan PlaceOf(ResolvedRecipe resolved, RecipeSetting setting) =>
        resolved.Origins.TryGetValue(setting, out SettingOrigin origin) ? origin.Span : output.LayoutSpan;
}
