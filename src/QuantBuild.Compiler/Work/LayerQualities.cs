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
        double Relative(int method) => totals[method].Reference > 0 ? Math.Sqrt(totals[method].Difference / totals[method].Reference) : 0;
        double norms = Math.Sqrt(totals[^1].Reference * totals[^1].Output);
        return new LayerQuality(expert, layer, Relative(0), Relative(1), Relative(2), Relative(3), norms > 0
            ? totals[^1].Product / norms
            : 1);
    }

    /// <summary>Quality of a layer in each bin.</summary>
    public static IEnumerable<BinQuality> PerBin(LayerErrors errors, ExpertPlan expert, string layer) =>
        errors.Bins.Zip(expert.Bins, (sums, bin) =>
        new BinQuality(expert.Name, layer, bin.Name, sums.Sums[0].RelativeError, sums.Recipe.RelativeError, sums.Recipe.Cosine));
}
