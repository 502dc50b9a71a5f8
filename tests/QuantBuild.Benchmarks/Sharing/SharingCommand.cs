using System.Globalization;

namespace QuantBuild.Benchmarks.Sharing;

/// <summary>
/// What a store costs, and one that others share saves: <c>share local</c>, <c>share hits</c>, <c>share compress</c>, <c>share shards</c>.
/// </summary>
internal static class SharingCommand
{
    /// <summary>Measures; null when there is no such benchmark.</summary>
    public static Func<Figures>? Find(IReadOnlyList<string> args) => args switch
    {
        ["hits"] => () => HitCost.Run(records: 500),
        ["hits", "--records", var text] when Number(text) is { } records => () => HitCost.Run(records),
        ["local"] => () => LocalCost.Run(records: 500),
        ["local", "--records", var text] when Number(text) is { } records => () => LocalCost.Run(records),
        ["compress"] => () => Compression.Run(null),
        ["compress", "--store", var store] => () => Compression.Run(store),
        ["shards"] => () => ShardScaling.Run(seconds: 60),
        ["shards", "--seconds", var text] when Number(text) is { } seconds => () => ShardScaling.Run(seconds),
        _ => null,
    };

    private static int? Number(string text) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int value)
        && value > 0 ? value : null;
}
