using System.Collections.Immutable;

namespace QuantBuild.Models.Vae;

/// <summary>Shape of the Wan2.1 video autoencoder, and the mean and standard deviation of its latents.</summary>
internal sealed record VaeConfig
{
    /// <summary>Pixels per latent element, in height and in width: three halvings.</summary>
    public const int SpatialStride = 8;

    /// <summary>Frames per latent frame after the first: two halvings.</summary>
    public const int TemporalStride = 4;

    private const int Stages = 4;

    /// <summary>Channels of the widest resolution.</summary>
    public required int Dim { get; init; }

    /// <summary>Channels of the latent.</summary>
    public required int LatentDim { get; init; }

    /// <summary>Channels of the four resolutions, in units of <see cref="Dim"/>.</summary>
    public required ImmutableArray<int> Multipliers { get; init; }

    /// <summary>Residual blocks per resolution of the encoder; the decoder has one more.</summary>
    public required int ResidualBlocks { get; init; }

    /// <summary>Which of the encoder's three halvings of height and width halve the frames too.</summary>
    public required ImmutableArray<bool> TemporalDownsampling { get; init; }

    /// <summary>Mean per latent channel, which normalized latents leave out.</summary>
    public required ImmutableArray<float> Mean { get; init; }

    /// <summary>Standard deviation per latent channel, which normalized latents are divided by.</summary>
    public required ImmutableArray<float> Std { get; init; }

    /// <summary>The published autoencoder of Wan2.1, which Wan2.2-A14B uses; its <c>.pth</c> file comes without a configuration.</summary>
    internal static VaeConfig Published { get; } = new()
    {
        Dim = 96,
        LatentDim = 16,
        Multipliers = [1, 2, 4, 4],
        ResidualBlocks = 2,
        TemporalDownsampling = [false, true, true],
        Mean =
        [
            -0.7571f, -0.7089f, -0.9113f, 0.1075f, -0.1745f, 0.9653f, -0.1517f, 1.5508f,
            0.4134f, -0.0715f, 0.5517f, -0.3632f, -0.1922f, -0.9497f, 0.2503f, -0.2921f,
        ],
        Std =
        [
            2.8184f, 1.4541f, 2.3275f, 2.6558f, 1.2196f, 1.7708f, 2.6052f, 2.0743f,
            3.2687f, 2.1526f, 2.8652f, 1.5579f, 1.6382f, 1.1253f, 2.8251f, 1.9160f,
        ],
    };

    /// <summary>Reads a <c>config.json</c> with our field names or those of the Diffusers library.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="InvalidDataException">
    /// It is no JSON object, or a field is missing, impossible or not supported; the message names it.
    /// </exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static VaeConfig Load(string path) => Parse(File.ReadAllBytes(path), path);

    /// <summary>Reads a configuration that is in memory.</summary>
    internal static VaeConfig Parse(ReadOnlyMemory<byte> json, string path)
    {
        using var file = new ConfigFile(json, path);
        file.RequireIfThere("attn_scales", "[]");
        file.RequireIfThere("patch_size", "null");
        file.RequireIfThere("is_residual", "false");
        int latentDim = file.Size("z_dim");
        float[] multipliers = file.Numbers("dim_mult");
        if (multipliers.Length != Stages || multipliers.Any(value => value is < 1 or > 64 || value != MathF.Floor(value)))
            throw file.Wrong("dim_mult", "four small whole numbers");
        bool[] temporal = file.Switches("temperal_downsample");
        if (temporal.Length != Stages - 1 || temporal.Count(isHalved => isHalved) != 2)
            throw file.Wrong("temperal_downsample", "three switches, two of them on");
        float[] mean = file.Numbers("mean", "latents_mean"), std = file.Numbers("std", "latents_std");
        if (mean.Length != latentDim || !mean.All(float.IsFinite))
            throw file.Wrong("mean", $"{latentDim} finite numbers");
        if (std.Length != latentDim || !std.All(value => value > 0 && float.IsFinite(value)))
            throw file.Wrong("std", $"{latentDim} positive numbers");
        return new VaeConfig
        {
            Dim = file.Size("dim", "base_dim"),
            LatentDim = latentDim,
            Multipliers = [.. multipliers.Select(value => (int)value)],
            ResidualBlocks = file.Size("num_res_blocks"),
            TemporalDownsampling = [.. temporal],
            Mean = [.. mean],
            Std = [.. std],
        };
    }

    /// <summary>Size of the latent of a video.</summary>
    /// <exception cref="ArgumentException">
    /// Its frames are not one more than a multiple of four, or its height or width no multiple of eight.
    /// </exception>
    public static LatentShape LatentShapeOf(VideoShape video)
    {
        if (video.Frames < 1 || video.Frames % TemporalStride != 1)
            throw new ArgumentException($"a video of {video.Frames} frames; it must be one more than a multiple of {TemporalStride}");
        if (video.Height < 1 || video.Width < 1 || video.Height % SpatialStride != 0 || video.Width % SpatialStride != 0)
            throw new ArgumentException($"a video of {video.Width}x{video.Height} pixels; both must be multiples of {SpatialStride}");
        return new LatentShape((video.Frames / TemporalStride) + 1, video.Height / SpatialStride, video.Width / SpatialStride);
    }

    /// <summary>Size of the video of a latent.</summary>
    public static VideoShape VideoShapeOf(LatentShape latent) =>
        new(checked(((latent.Frames - 1) * TemporalStride) + 1), checked(latent.Height * SpatialStride),
            checked(latent.Width * SpatialStride));
}
