using System.Text.Json.Nodes;
using QuantBuild.Compiler.Json;
using QuantBuild.Compiler.Planning;
using QuantBuild.Compiler.Quantizers;
using QuantBuild.Compiler.Stages;
using QuantBuild.Compiler.Store;

namespace QuantBuild.Compiler;

/// <summary>Adds up the sums of the Measure stage.</summary>
public static class LayerQualities
{
    /// <summary>Quality of every quantized layer over all its bins.</summary>
    public static IReadOnlyList<LayerQuality> Of(ContentStore store, IEnumerable<BuiltExpert> experts) =>
        [.. experts.SelectMany(expert => expert.Layers.Where(layer => layer.Measure is not null)
            .Select(layer => store.ReadJson(layer.Measure!.Value, measure => Of(measure, expert.Source.Plan.Name, layer.Plan.Name))))];

    /// <summary>Quality of every quantized layer in each of its bins.</summary>
    public static IReadOnlyList<BinQuality> PerBin(ContentStore store, IEnumerable<BuiltExpert> experts) =>
        [.. experts.SelectMany(expert => expert.Layers.Where(layer => layer.Measure is not null)
            .SelectMany(layer => store.ReadJson(layer.Measure!.Value, measure => PerBin(measure, expert.Source.Plan, layer.Plan.Name).ToArray())))];

    /// <summary>Quality of a layer from what the Measure stage stored.</summary>
    internal static LayerQuality Of(JsonObject measure, string expert, string layer)
    {
        double Sum(string method, string sum) => measure.Member("bins").Items().Sum(bin => bin.Member("methods").Member(method).Member(sum).Number());
        double reference = measure.Member("bins").Items().Sum(bin => bin.Member("reference").Number());
        double Relative(string method) => reference > 0 ? Math.Sqrt(Sum(method, "error") / reference) : 0;
        double norms = Math.Sqrt(reference * Sum("recipe", "norm"));
        return new LayerQuality(expert, layer, Relative("rtn"), Relative("svdquant+rtn"), Relative("svdquant+gptq"), Relative("recipe"),
            norms > 0 ? Sum("recipe", "dot") / norms : 1);
    }

    /// <summary>Quality of a layer in each bin from what the Measure stage stored.</summary>
    internal static IEnumerable<BinQuality> PerBin(JsonObject measure, ExpertPlan expert, string layer) => measure.Member("bins").Items().Zip(expert.Bins, (sums, bin) =>
    {
        ErrorSums recipe = SumsOf(sums, "recipe");
        return new BinQuality(expert.Name, layer, bin.Name, SumsOf(sums, "rtn").RelativeError, recipe.RelativeError, recipe.Cosine);
    });

    /// <summary>The sums of one method in one bin.</summary>
    internal static ErrorSums SumsOf(JsonNode? bin, string method)
    {
        JsonNode sums = bin.Member("methods").Member(method);
        return new ErrorSums(bin.Member("reference").Number(), sums.Member("error").Number(), sums.Member("dot").Number(), sums.Member("norm").Number());
    }
}
