using System.Runtime.InteropServices;
using System.Security.Cryptography;
using QuantBuild.Kernels;
using QuantBuild.Models;
using QuantBuild.Models.Wan;
using QuantBuild.SafeTensors;

namespace QuantBuild.Tests.Models.Wan;

public class WanTransformerTests
{

    [Theory]
    [InlineData("high", 999)]
    [InlineData("high", 950)]
    [InlineData("high", 901)]
    [InlineData("low", 899)]
    [InlineData("low", 500)]
    [InlineData("low", 50)]
    public void Predictions_and_everything_recorded_on_the_way_equal_the_official_model(string expert, int timestep)
    {
        using SafeTensorsFile golden = SafeTensorsFile.Open(TestData.Golden("dit.safetensors"));
        var transformer = new WanTransformer(TinyWan.Weights(expert));
        string prefix = $"{expert}.t{timestep}.";
        var observer = new Comparison(golden, prefix);
        var velocity = new float[16 * TinyWan.Shape.Volume];

        transformer.Predict(TinyWan.Shape, golden.ReadFloat32(prefix + "x"), timestep, Conditioning(golden), velocity, observer);

        Close.Assert(golden.ReadFloat32(prefix + "output"), velocity, 1e-4);
        Assert.Equal(golden.Tensors.Keys.Count(name => name.StartsWith(prefix + "block.", StringComparison.Ordinal)), observer.Compared);
    }

    [Fact]
    public void The_bits_of_a_prediction_never_change()
    {
        // The numeric profile's fingerprint: whoever changes it on purpose also gives the profile a new name.
        using SafeTensorsFile golden = SafeTensorsFile.Open(TestData.Golden("dit.safetensors"));
        var velocity = new float[16 * TinyWan.Shape.Volume];

        new WanTransformer(TinyWan.Weights("low")).Predict(TinyWan.Shape, golden.ReadFloat32("low.t500.x"), 500, Conditioning(golden),
            velocity);

        Assert.StartsWith("5f50e3e564a9087cac2c9161d7aee19f",
            Convert.ToHexStringLower(SHA256.HashData(MemoryMarshal.AsBytes<float>(velocity))), StringComparison.Ordinal);
    }

    [Fact]
    public void Several_transformers_share_weights_on_several_threads_and_agree_to_the_last_bit()
    {
        using SafeTensorsFile golden = SafeTensorsFile.Open(TestData.Golden("dit.safetensors"));
        WanConditioning conditioning = Conditioning(golden);
        float[] latent = golden.ReadFloat32("high.t950.x");
        float[][] velocities = [.. Enumerable.Range(0, 4).Select(_ => new float[latent.Length])];

        Parallel.For(0, 4, i =>
            new WanTransformer(TinyWan.Weights("high")).Predict(TinyWan.Shape, latent, 950, conditioning, velocities[i], threads: 1 + i));

        Assert.All(velocities, velocity => Assert.Equal(velocities[0], velocity));
    }

    [Fact]
    public void A_used_transformer_predicts_what_a_new_one_does()
    {
        using SafeTensorsFile golden = SafeTensorsFile.Open(TestData.Golden("dit.safetensors"));
        WanConditioning conditioning = Conditioning(golden);
        var other = new WanConditioning(new float[128], 1, conditioning.Y.ToArray());
        var small = new WanConditioning(new float[128], 1, new float[20 * 2 * 4 * 6]);
        float[] latent = golden.ReadFloat32("high.t950.x");
        var (expected, actual) = (new float[latent.Length], new float[latent.Length]);
        var used = new WanTransformer(TinyWan.Weights("high"));

        new WanTransformer(TinyWan.Weights("high")).Predict(TinyWan.Shape, latent, 950, conditioning, expected);
        used.Predict(TinyWan.Shape, latent, 999, conditioning, actual);
        used.Predict(TinyWan.Shape, latent, 950, other, actual);
        Assert.NotEqual(expected, actual);
        used.Predict(new LatentShape(2, 4, 6), new float[16 * 48], 950, small, new float[16 * 48]);
        used.Predict(TinyWan.Shape, latent, 950, conditioning, actual);

        Assert.Equal(expected, actual);
    }

    [Fact]
    public void Sites_are_observed_in_forward_order_before_their_layers_run()
    {
        var observer = new Order();
        PredictZeros(TinyWan.Shape, 16 * 480, 20 * 480, 128, 1, 500, observer);
        Assert.Equal(Enumerable.Range(0, 6).SelectMany(block => WanLayers.Sites.Select(site => (block, site))), observer.Seen);
    }

    [Fact]
    public void A_nan_in_the_latent_reaches_the_velocity()
    {
        float[] latent = new float[16 * TinyWan.Shape.Volume];
        latent[100] = float.NaN;
        var velocity = new float[latent.Length];
        new WanTransformer(TinyWan.Weights("high")).Predict(TinyWan.Shape, latent, 950,
            new WanConditioning(new float[128], 1, new float[20 * TinyWan.Shape.Volume]), velocity);
        Assert.False(Finite.IsFinite(velocity));
    }

    [Theory]
    [InlineData(5, 8, 12, 16 * 479, 20 * 480, 128, 1, 500)]
    [InlineData(5, 8, 12, 16 * 480, 20 * 479, 128, 1, 500)]
    [InlineData(5, 8, 12, 16 * 480, 20 * 480, 127, 1, 500)]
    [InlineData(5, 8, 12, 16 * 480, 20 * 480, 128 * 65, 65, 500)]
    [InlineData(5, 7, 12, 16 * 420, 20 * 420, 128, 1, 500)]
    [InlineData(0, 8, 12, 0, 0, 128, 1, 500)]
    [InlineData(5, 8, 12, 16 * 480, 20 * 480, 128, 1, -1)]
    public void Sizes_that_do_not_fit_are_refused(int frames, int height, int width, int latent, int y, int context, int tokens,
        int timestep) =>
        Assert.ThrowsAny<ArgumentException>(() =>
            PredictZeros(new LatentShape(frames, height, width), latent, y, context, tokens, timestep));

    private static void PredictZeros(LatentShape shape, int latent, int y, int context, int tokens, int timestep,
        ISiteObserver? observer = null) =>
        new WanTransformer(TinyWan.Weights("high")).Predict(shape, new float[latent], timestep,
            new WanConditioning(new float[context], tokens, new float[y]), new float[latent], observer);

    private static WanConditioning Conditioning(SafeTensorsFile golden)
    {
        float[] context = golden.ReadFloat32("context");
        return new WanConditioning(context, (int)golden.Tensors["context"].Shape[0], golden.ReadFloat32("y"));
    }

    private sealed class Comparison(SafeTensorsFile golden, string prefix) : ISiteObserver
    {
        public int Compared { get; private set; }

        public void Observe(int block, WanSite site, SiteInput input)
        {
            foreach (string layer in WanLayers.LayersOf(site))
                Compare($"{prefix}block.{block}.{layer}.input", input);
        }

        public void ObserveResidual(int block, SiteInput residual) => Compare($"{prefix}block.{block}.output", residual);

        private void Compare(string name, SiteInput values)
        {
            if (!golden.Tensors.TryGetValue(name, out TensorInfo? tensor))
                return;
            Assert.Equal(tensor.Shape, [values.Tokens, values.Channels]);
            Close.Assert(golden.ReadFloat32(name), ((HostSiteInput)values).View.Data, 1e-4);
            Compared++;
        }
    }

    private sealed class Order : ISiteObserver
    {
        public List<(int Block, WanSite Site)> Seen { get; } = [];

        public void Observe(int block, WanSite site, SiteInput input) => Seen.Add((block, site));
    }
}
