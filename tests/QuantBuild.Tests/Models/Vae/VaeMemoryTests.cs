using QuantBuild.Models;
using QuantBuild.Models.Vae;
using QuantBuild.SafeTensors;

namespace QuantBuild.Tests.Models.Vae;

/// <summary>Alone, because allocations are counted, and collections of other tests' making empty the shared pools of arrays.</summary>
[Collection(nameof(Alone))]
public class VaeMemoryTests
{
    [Theory]
    [InlineData(null)]
    [InlineData(64)]
    public void Later_pieces_and_tiles_work_in_the_memory_of_earlier_ones(int? tile)
    {
        using ShardedCheckpoint weights = TinyVae.Open();
        var vae = new VideoAutoencoder(TinyVae.Config, weights) { Tiling = tile is { } size ? new VaeTiling(size, 16) : null };
        long Allocated(LatentShape shape)
        {
            float[] latent = Noise(TinyVae.Config.LatentDim * shape.Volume);
            long before = GC.GetAllocatedBytesForCurrentThread();
            vae.Decode(shape, latent, (_, _) => { }, threads: 1, TestContext.Current.CancellationToken);
            return GC.GetAllocatedBytesForCurrentThread() - before
                - (3L * sizeof(float) * VaeConfig.VideoShapeOf(shape).Frames * 64 * shape.Width * 8);
        }

        _ = Allocated(new LatentShape(2, 8, 8));
        long small = Allocated(new LatentShape(2, 8, 8)), longer = Allocated(new LatentShape(6, 8, 8)),
            wider = Allocated(new LatentShape(2, 8, 20));
        Assert.InRange(longer - small, -small / 2, small / 10);
        if (tile is not null)
            Assert.InRange(wider - small, -small / 2, small / 10);
    }

    [Theory]
    [InlineData(2, 16, 24, null)]
    [InlineData(1, 16, 24, null)]
    [InlineData(2, 16, 24, 96)]
    public void Memory_of_decoding_is_known_from_shapes(int frames, int height, int width, int? tile)
    {
        using ShardedCheckpoint weights = TinyVae.Open();
        VaeTiling? tiling = tile is { } size ? new VaeTiling(size, 24) : null;
        var vae = new VideoAutoencoder(TinyVae.Config, weights) { Tiling = tiling };
        vae.Decode(new LatentShape(1, 2, 2), Noise(TinyVae.Config.LatentDim * 4), (_, _) => { }, threads: 1,
            TestContext.Current.CancellationToken);
        var shape = new LatentShape(frames, height, width);
        float[] latent = Noise(TinyVae.Config.LatentDim * shape.Volume);

        long before = GC.GetAllocatedBytesForCurrentThread();
        vae.Decode(shape, latent, (_, _) => { }, threads: 1, TestContext.Current.CancellationToken);
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;

        long told = VaeMemory.Decoding(TinyVae.Config, VaeConfig.VideoShapeOf(shape), tiling);
        TestContext.Current.TestOutputHelper?.WriteLine($"{told} told, {allocated} allocated");
        Assert.InRange(allocated, told / 1.3, told * 1.1);
    }

    private static float[] Noise(int length)
    {
        var random = new Random(42);
        return [.. Enumerable.Range(0, length).Select(_ => (random.NextSingle() * 2) - 1)];
    }
}
