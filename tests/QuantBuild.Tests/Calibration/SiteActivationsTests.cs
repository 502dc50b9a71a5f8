using QuantBuild.Compiler.Actions;
using QuantBuild.Compiler.Calibration;
using QuantBuild.Compiler.Store;
using QuantBuild.Formats;
using QuantBuild.SafeTensors;
using QuantBuild.Tests.Store;

namespace QuantBuild.Tests.Calibration;

public sealed class SiteActivationsTests
{
    private const int Channels = 4;
    private const int Tokens = 3;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(5)]
    [InlineData(6)]
    [InlineData(100)]
    public void Portions_hold_the_tokens_of_the_steps_in_order_and_are_full_but_for_the_last(int rows)
    {
        using var folder = new StoreFolder();
        using ContentStore store = folder.Open();
        BlobRef[] samples = [Recording(store, steps: 3, first: 0), Recording(store, steps: 3, first: 1000)];
        using SiteActivations activations = SiteActivations.Open(store, [.. samples.Select(sample => new Recording(sample.Digest))]);

        float[][] portions = [.. activations.Portions([0, 2], rows).Select(portion => portion.ToArray())];

        float[] expected = [.. new[] { 0, 24, 1000, 1024 }.SelectMany(start => Enumerable.Range(start, Tokens * Channels))
            .Select(value => BFloat16.Round(value))];
        Assert.Equal(expected, portions.SelectMany(portion => portion));
        Assert.All(portions[..^1], portion => Assert.Equal(rows * Channels, portion.Length));
        Assert.Equal(12, activations.Rows([0, 2]));
    }

    private static BlobRef Recording(ContentStore store, int steps, int first)
    {
        var bits = new ushort[steps * Tokens * Channels];
        BFloat16.FromSingle([.. Enumerable.Range(first, bits.Length).Select(value => (float)value)], bits);
        return store.StoreTensors(
            TensorData.BFloat16("tokens", [steps, Tokens, Channels], bits),
            TensorData.Of("absmax", [steps, Channels], new float[steps * Channels]));
    }
}
