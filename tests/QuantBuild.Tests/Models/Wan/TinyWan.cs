using QuantBuild.Models;
using QuantBuild.Models.Wan;
using QuantBuild.SafeTensors;

namespace QuantBuild.Tests.Models.Wan;

/// <summary>The repository's tiny checkpoint, loaded once.</summary>
internal static class TinyWan
{
    private static readonly Lazy<WanWeights> High = new(() => Load("high"));
    private static readonly Lazy<WanWeights> Low = new(() => Load("low"));

    public static LatentShape Shape { get; } = new(5, 8, 12);

    public static WanWeights Weights(string expert) => expert == "high" ? High.Value : Low.Value;

    public static WanConfig Config(string expert) => WanConfig.Load(TestData.TinyWan("checkpoint", expert + "_noise_model", "config.json"));

    public static ShardedCheckpoint Open(string expert) => ShardedCheckpoint.Open(TestData.TinyWan("checkpoint", expert + "_noise_model"));

    private static WanWeights Load(string expert)
    {
        using ShardedCheckpoint source = Open(expert);
        return WanWeights.Load(Config(expert), source);
    }
}
