using QuantBuild.SafeTensors;

namespace QuantBuild.Models.Vae;

/// <summary>
/// The causal video autoencoder of Wan2.1: videos to latents of an eighth the height and width and a quarter the frames, and back.
/// </summary>
/// <remarks>
/// A video is worked on frame by frame, and every convolution over time remembers the frames it saw last: memory does not grow with the
/// length of the video, and the result is that of the whole video at once. On the processor it is immutable, and several threads may use
/// one instance.
/// </remarks>
internal sealed class VideoAutoencoder : IDisposable
{
    private readonly IVaeEngine _engine;

    /// <summary>Takes an open checkpoint; weights are read when encoder or decoder are first used.</summary>
    /// <param name="config">Shape of the autoencoder.</param>
    /// <param name="source">
    /// Its tensors, under the official names or those of the Diffusers library; must be open when they are read.
    /// </param>
    public VideoAutoencoder(VaeConfig config, ITensorSource source)
        : this(config, new CpuVaeEngine(config, VaeNames.Official(config, source)))
    {
    }

    /// <summary>Takes what runs the layers, and owns it.</summary>
    internal VideoAutoencoder(VaeConfig config, IVaeEngine engine)
    {
        Config = config;
        _engine = engine;
    }

    /// <summary>Shape of the autoencoder.</summary>
    public VaeConfig Config { get; }

    /// <summary>Tiles for pictures larger than one; null to work on whole pictures.</summary>
    /// <exception cref="ArgumentException">The sizes are not as they must be.</exception>
    public VaeTiling? Tiling
    {
        get;
        init
        {
            value?.Validate();
            field = value;
        }
    }

    /// <summary>Encodes a video.</summary>
    /// <param name="shape">Its size: 4n + 1 frames, height and width multiples of 8.</param>
    /// <param name="read">Supplies its frames.</param>
    /// <param name="threads">Threads to use; the result does not depend on it.</param>
    /// <param name="ct">Cancels between blocks of the work.</param>
    /// <returns>The mean of its latent, normalized, [latent channels, latent frames, height / 8, width / 8].</returns>
    /// <exception cref="ArgumentException">The size is not possible.</exception>
    /// <exception cref="SafeTensorsException">A tensor is missing, of another shape, or no float.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="ct"/> was cancelled.</exception>
    public float[] Encode(VideoShape shape, FrameReader read, int threads = 1, CancellationToken ct = default)
    {
        LatentShape latent = VaeConfig.LatentShapeOf(shape);
        if (Tiling is { } tiling && (tiling.Size < shape.Height || tiling.Size < shape.Width))
            return EncodeTiles(shape, latent, new Tiles(latent.Height, latent.Width, tiling, outScale: 1), read, threads, ct);
        var result = new float[checked(Config.LatentDim * latent.Volume)];
        using IVaePass pass = _engine.StartEncoding();
        EncodeWhole(shape, latent, read, result, pass, threads, ct);
        return result;
    }

    /// <summary>Decodes a latent.</summary>
    /// <param name="shape">Its size.</param>
    /// <param name="latent">The normalized latent, [latent channels, frames, height, width].</param>
    /// <param name="write">Receives the video's frames as they are done; with tiles, when all are done.</param>
    /// <param name="threads">Threads to use; the result does not depend on it.</param>
    /// <param name="ct">Cancels between blocks of the work.</param>
    /// <exception cref="ArgumentException">The sizes do not fit.</exception>
    /// <exception cref="SafeTensorsException">A tensor is missing, of another shape, or no float.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="ct"/> was cancelled.</exception>
    public void Decode(LatentShape shape, ReadOnlySpan<float> latent, FrameWriter write, int threads = 1, CancellationToken ct = default)
    {
        if (shape.Frames < 1 || latent.Length != Config.LatentDim * shape.Volume)
            throw new ArgumentException(
                $"a latent of {latent.Length} elements instead of {Config.LatentDim} x {shape.Frames}x{shape.Height}x{shape.Width}");
        if (Tiling is { } tiling
            && (tiling.Size < shape.Height * VaeConfig.SpatialStride || tiling.Size < shape.Width * VaeConfig.SpatialStride))
            DecodeTiles(shape, latent, new Tiles(shape.Height, shape.Width, tiling, VaeConfig.SpatialStride), write, threads, ct);
        else
            DecodeWhole(shape, latent, write, threads, ct);
    }

    /// <summary>Releases what a device holds of it.</summary>
    public void Dispose() => _engine.Dispose();

    private void EncodeWhole(VideoShape shape, LatentShape latent, FrameReader read, Memory<float> result, IVaePass pass, int threads,
        CancellationToken ct)
    {
        int area = latent.Height * latent.Width, done = 0;
        var pixels = new float[shape.FrameLength];
        for (int frame = 0; frame < shape.Frames; frame++)
        {
            ct.ThrowIfCancellationRequested();
            read(frame, pixels);
            pass.Push(pixels, (shape.Height, shape.Width), moments =>
            {
                for (int channel = 0; channel < Config.LatentDim; channel++)
                {
                    Span<float> target = result.Span.Slice(((channel * latent.Frames) + done) * area, area);
                    for (int i = 0; i < area; i++)
                        target[i] = (moments[(channel * area) + i] - Config.Mean[channel]) / Config.Std[channel];
                }
                done++;
            }, threads, ct);
        }
        pass.Restart();
    }

    private void DecodeWhole(LatentShape shape, ReadOnlySpan<float> latent, FrameWriter write, int threads, CancellationToken ct)
    {
        using IVaePass pass = _engine.StartDecoding();
        DecodeWhole(shape, latent, write, pass, threads, ct);
    }

    private void DecodeWhole(LatentShape shape, ReadOnlySpan<float> latent, FrameWriter write, IVaePass pass, int threads,
        CancellationToken ct)
    {
        int area = shape.Height * shape.Width, done = 0;
        var planes = new float[Config.LatentDim * area];
        for (int frame = 0; frame < shape.Frames; frame++)
        {
            ct.ThrowIfCancellationRequested();
            for (int channel = 0; channel < Config.LatentDim; channel++)
            {
                ReadOnlySpan<float> source = latent.Slice(((channel * shape.Frames) + frame) * area, area);
                for (int i = 0; i < area; i++)
                    planes[(channel * area) + i] = MathF.FusedMultiplyAdd(source[i], Config.Std[channel], Config.Mean[channel]);
            }
            pass.Push(planes, (shape.Height, shape.Width), pixels => write(done++, pixels), threads, ct);
        }
        pass.Restart();
    }

    private float[] EncodeTiles(VideoShape shape, LatentShape latent, Tiles tiles, FrameReader read, int threads, CancellationToken ct)
    {
        var video = new float[checked(shape.Frames * shape.FrameLength)];
        for (int frame = 0; frame < shape.Frames; frame++)
            read(frame, video.AsSpan(frame * shape.FrameLength, shape.FrameLength));
        var result = new float[checked(Config.LatentDim * latent.Volume)];
        VideoShape tileShape =
            shape with { Height = tiles.Height * VaeConfig.SpatialStride, Width = tiles.Width * VaeConfig.SpatialStride };
        LatentShape tileLatent = VaeConfig.LatentShapeOf(tileShape);
        using IVaePass pass = _engine.StartEncoding();
        var encoded = new float[Config.LatentDim * tileLatent.Volume];
        foreach ((int Row, int Column) tile in tiles.All)
        {
            EncodeWhole(tileShape, tileLatent,
                (frame, pixels) =>
                    tiles.Cut(tile, video.AsSpan(frame * shape.FrameLength, shape.FrameLength), VaeConfig.SpatialStride, pixels), encoded,
                    pass, threads, ct);
            tiles.Blend(tile, encoded, result);
        }
        return result;
    }

    private void DecodeTiles(LatentShape shape, ReadOnlySpan<float> latent, Tiles tiles, FrameWriter write, int threads,
        CancellationToken ct)
    {
        VideoShape size = VaeConfig.VideoShapeOf(shape);
        var video = new float[checked(size.Frames * size.FrameLength)];
        var tileShape = new LatentShape(shape.Frames, tiles.Height, tiles.Width);
        using IVaePass pass = _engine.StartDecoding();
        var cut = new float[Config.LatentDim * tileShape.Volume];
        foreach ((int Row, int Column) tile in tiles.All)
        {
            tiles.Cut(tile, latent, scale: 1, cut);
            DecodeWhole(tileShape, cut, (frame, pixels) =>
                tiles.Blend(tile, pixels, video.AsSpan(frame * size.FrameLength, size.FrameLength)), pass, threads, ct);
        }
        for (int frame = 0; frame < size.Frames; frame++)
            write(frame, video.AsSpan(frame * size.FrameLength, size.FrameLength));
    }
}

/// <summary>Supplies a frame of a video.</summary>
/// <param name="frame">Its index; frames are asked for once each, in order.</param>
/// <param name="pixels">Receives the frame, [3, height, width], values in [-1, 1].</param>
internal delegate void FrameReader(int frame, Span<float> pixels);

/// <summary>Receives a frame of a video.</summary>
/// <param name="frame">Its index; frames come in order.</param>
/// <param name="pixels">The frame, [3, height, width], values about in [-1, 1] and not clamped; valid only during the call.</param>
internal delegate void FrameWriter(int frame, ReadOnlySpan<float> pixels);
