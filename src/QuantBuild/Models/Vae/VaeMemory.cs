namespace QuantBuild.Models.Vae;

/// <summary>Memory that the autoencoder takes, from shapes alone. Tests hold it against what is allocated.</summary>
internal static class VaeMemory
{
    /// <summary>Bytes that encoding whole pictures takes at the most; without weights.</summary>
    /// <remarks>
    /// Of every resolution one frame: in a residual block its input, what is between the convolutions, the result, the shortcut, and what a
    /// convolution reads with the two earlier frames in front, all of which the pool keeps; and two frames of every convolution. The last
    /// resolution has the middle, too.
    /// </remarks>
    /// <param name="config">The autoencoder.</param>
    /// <param name="shape">Size of the video.</param>
    /// <param name="threads">Threads to use.</param>
    public static long Encoding(VaeConfig config, VideoShape shape, int threads)
    {
        // A thread's packed panels of a product, 5 MiB that a pool rounds up to 8, and its patches.
        const long PerThread = 12 << 20;
        const int AtWork = 7, PastPerBlock = 2 * 2, Middle = (2 * PastPerBlock) + 5;
        long bytes = 3L * shape.FrameLength;
        for (int stage = 0; stage < config.Multipliers.Length; stage++)
        {
            long frame = (long)(shape.Height >> stage) * (shape.Width >> stage) * config.Dim * config.Multipliers[stage];
            bytes += frame * (AtWork + (PastPerBlock * config.ResidualBlocks) + (stage == config.Multipliers.Length - 1 ? Middle : 0));
        }
        return (sizeof(float) * bytes) + (threads * PerThread);
    }

    /// <summary>Bytes of features, and of the frames that tiles are put together in; without weights.</summary>
    /// <param name="config">The autoencoder.</param>
    /// <param name="shape">Size of the video.</param>
    /// <param name="tiling">Tiles; null for none.</param>
    public static long Decoding(VaeConfig config, VideoShape shape, VaeTiling? tiling)
    {
        if (tiling is not null && (tiling.Size < shape.Height || tiling.Size < shape.Width))
        {
            var tile = new VideoShape(shape.Frames, Math.Min(tiling.Size, shape.Height), Math.Min(tiling.Size, shape.Width));
            return Decoding(config, tile, tiling: null) + (sizeof(float) * (long)shape.Frames * shape.FrameLength);
        }
        long area = (long)(shape.Height / VaeConfig.SpatialStride) * (shape.Width / VaeConfig.SpatialStride),
            channels = config.Dim * config.Multipliers[^1];
        long floats = (area * 6 * config.LatentDim) + Blocks(area, channels, channels, count: 2) + (area * 5 * channels);
        for (int stage = 0; stage < config.Multipliers.Length; stage++)
        {
            long width = config.Dim * config.Multipliers[^(stage + 1)];
            floats += Blocks(area, channels, width, config.ResidualBlocks + 1);
            channels = width;
            if (stage == config.TemporalDownsampling.Length)
                break;
            // Of two frames: their features before and after the enlargement, and what the convolution over time reads, keeps and makes.
            if (config.TemporalDownsampling[^(stage + 1)])
                floats += area * 13 * channels;
            (area, channels) = (4 * area, channels / 2);
        }
        return sizeof(float) * (floats + (area * ((2 * channels) + 6)));
    }

    /// <summary>
    /// Residual blocks of one size: each keeps two frames in front of both of its convolutions; all of them use the same three features and
    /// the same three frames that a convolution reads.
    /// </summary>
    private static long Blocks(long area, long from, long width, int count) =>
        area * ((6 * width) + (4 * width * count) + (from == width ? 0 : (6 * from) - (2 * width)));
}
