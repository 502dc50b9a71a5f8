using System.Collections.Immutable;
using QuantBuild.Compiler.Manifests;

namespace QuantBuild.Compiler.Differences;

/// <summary>What two builds of a model have not in common.</summary>
/// <param name="Before">The first build.</param>
/// <param name="After">The second.</param>
/// <param name="Layers">Layers that differ, the largest change of error first.</param>
/// <param name="LayerCount">Layers of either build that were compared.</param>
internal sealed record BuildDifference(BuildSnapshot Before, BuildSnapshot After, ImmutableArray<LayerDifference> Layers, int LayerCount)
{
    /// <summary>Mean error over all compared layers before, kept ones counting 0; null unless all are known.</summary>
    public double? MeanErrorBefore => Mean(Before);

    /// <summary>The same after.</summary>
    public double? MeanErrorAfter => Mean(After);

    /// <summary>Size of all files before; null when it is not known.</summary>
    public long? BytesBefore => Before.Bytes.IsEmpty ? null : Before.Bytes.Values.Sum();

    /// <summary>The same after.</summary>
    public long? BytesAfter => After.Bytes.IsEmpty ? null : After.Bytes.Values.Sum();

    /// <summary>Compares two builds.</summary>
    public static BuildDifference Of(BuildSnapshot before, BuildSnapshot after)
    {
        Dictionary<(string, string), LayerSnapshot> first = before.Layers.ToDictionary(layer => (layer.Expert, layer.Layer));
        Dictionary<(string, string), LayerSnapshot> second = after.Layers.ToDictionary(layer => (layer.Expert, layer.Layer));
        (string, string)[] all = [.. first.Keys.Concat(second.Keys).Distinct()];
        LayerDifference[] layers =
            [.. all.Select(layer => Compare(first.GetValueOrDefault(layer) ?? Kept(layer), second.GetValueOrDefault(layer) ?? Kept(layer)))
            .OfType<LayerDifference>()
            .Select(layer => layer with { BytesBefore = Bytes(before, layer), BytesAfter = Bytes(after, layer) })];
        return new BuildDifference(before, after,
            [.. layers.OrderByDescending(layer => Math.Abs(layer.ErrorChange ?? double.MaxValue))
                .ThenBy(layer => layer.Expert, StringComparer.Ordinal).ThenBy(layer => layer.Layer, StringComparer.Ordinal)],
            all.Length);
    }

    private static long? Bytes(BuildSnapshot build, LayerDifference layer) =>
        build.LayerBytes.TryGetValue((layer.Expert, layer.Layer), out long bytes) ? bytes : null;

    private static LayerDifference? Compare(LayerSnapshot before, LayerSnapshot after)
    {
        LayerDifference With(ImmutableArray<LayerDifference.Change> changes, string? result = null) =>
            new(after.Expert, after.Layer, changes, result, before.Error, after.Error);

        ImmutableArray<LayerDifference.Change> settings = Changes(before.Settings, after.Settings);
        if (!settings.IsEmpty)
            return With(settings);
        Dictionary<string, string> old = before.Results.ToDictionary();
        string? result = after.Results.Where(entry => old.TryGetValue(entry.Key, out string? other) && other != entry.Value)
            .Select(entry => entry.Key).FirstOrDefault();
        if (result is null && (before.Quality is null || after.Quality is null || before.Error == after.Error))
            return null;
        ImmutableArray<LayerDifference.Change> inputs = Changes(before.Inputs, after.Inputs);
        return With(inputs, inputs.IsEmpty ? result ?? "the measured error" : null);
    }

    /// <summary>What both know and tell differently; of a layer that is kept now or was, that alone.</summary>
    private static ImmutableArray<LayerDifference.Change> Changes(ImmutableSortedDictionary<string, string> before,
        ImmutableSortedDictionary<string, string> after) =>
        [.. before.Where(entry => after.TryGetValue(entry.Key, out string? other) && other != entry.Value)
            .Select(entry => new LayerDifference.Change(entry.Key, entry.Value, after[entry.Key]))];

    /// <summary>A layer that a build does not mention, because it left it alone.</summary>
    private static LayerSnapshot Kept((string Expert, string Layer) layer) => new(layer.Expert, layer.Layer, IsQuantized: false,
        ImmutableSortedDictionary<string, string>.Empty.Add("precision", RecipeNames.Precision.NameOf(Precision.BF16)),
            ImmutableSortedDictionary<string, string>.Empty, [],
            null);

    private double? Mean(BuildSnapshot build)
    {
        double?[] errors = [.. build.Layers.Select(layer => layer.Error)];
        return LayerCount == 0 || errors.Contains(null) ? null : errors.Sum() / LayerCount;
    }
}
