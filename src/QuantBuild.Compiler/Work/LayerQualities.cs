using System.Collections.Immutable;
using QuantBuild.Compiler.Planning;
using QuantBuild.Compiler.Quantizers;

namespace QuantBuild.Compiler.Work;

/// <summary>What the sums of the Measure stage say.</summary>
internal static class LayerQualities
{
    /// <summary>Quality of every quantized layer over all its bins.</summary>
    public static IReadOnlyList<LayerQuality> Of(IEnumerable<BuiltExpert> experts) =>
        [.. experts.SelectMany(expert => expert.Layers.Where(layer => layer.Errors is not null)
            .Select(layer => Of(layer.Errors!.Value, expert.Source.Plan.Name, layer.Plan.Name)))];

    /// <summary>Quality of every quantized layer in each of its bins.</summary>
    public static IReadOnlyList<BinQuality> PerBin(IEnumerable<BuiltExpert> experts) =>
        [.. experts.SelectMany(expert => expert.Layers.Where(layer => layer.Errors is not null)
            .SelectMany(layer => PerBin(layer.Errors!.Value, expert.Source.Plan, layer.Plan.Name)))];

    /// <summary>Quality of a layer over all its bins.</summary>
    public static LayerQuality Of(LayerErrors errors, string expert, string layer)
    {
        ImmutableArray<ErrorSums> totals = errors.Totals();
        return new LayerQuality(expert, layer, totals[0].RelativeError, totals[1].RelativeError, totals[2].RelativeError,
            totals[3].RelativeError, totals[^1].Cosine);
    }

    /// <summary>Quality of a layer in each bin.</summary>
    public static IEnumerable<BinQuality> PerBin(LayerErrors errors, ExpertPlan expert, string layer) =>
        errors.Bins.Zip(expert.Bins, (sums, bin) =>
        new BinQuality(expert.Name, layer, bin.Name, sums.Sums[0].RelativeError, sums.Recipe.RelativeError, sums.Recipe.Cosine));
}
