using QuantBuild.Compiler.Sources;
using QuantBuild.Models;
using QuantBuild.Models.Vae;
using QuantBuild.SafeTensors;
using QuantBuild.Text;

namespace QuantBuild.Compiler.Stages;

/// <summary>Multiply-adds of what makes a sample of a picture and a prompt.</summary>
/// <param name="text">Shape of the text encoder.</param>
/// <param name="vae">Shape of the autoencoder.</param>
internal sealed class EncoderOperations(TextEncoderConfig text, VaeConfig vae)
{
    /// <summary>Elements of a convolution over space and time.</summary>
    private const double Cube = 27;

    /// <summary>Letters per token of usual prompts, roughly.</summary>
    private const double LettersPerToken = 4;

    /// <summary>What every Wan2.1 and Wan2.2-A14B checkpoint has: a UMT5-XXL, and the autoencoder of Wan2.1.</summary>
    private static readonly TextEncoderConfig UsualText = new() { VocabularySize = 256384, Dim = 4096, AttentionDim = 4096, FfnDim = 10240,
        NumHeads = 64, NumLayers = 24 };

    private static readonly VaeConfig UsualVae = new()
    {
        Dim = 96, LatentDim = 16, Multipliers = [1, 2, 4, 4], ResidualBlocks = 2, TemporalDownsampling = [false, true, true], Mean = [],
            Std = [],
    };

    /// <summary>The encoders of a checkpoint; the usual ones where its files cannot be read, which is for the build to tell.</summary>
    /// <param name="checkpoint">Its folder.</param>
    public static EncoderOperations Of(string checkpoint) => new(
        Read(checkpoint, CheckpointFiles.TextEncoder, TextEncoderConfig.Load, UsualText),
            Read(checkpoint, CheckpointFiles.Vae, VaeConfig.Load, UsualVae));

    /// <summary>Operations of embedding a prompt.</summary>
    /// <param name="letters">Its length.</param>
    /// <param name="longest">Tokens that a prompt may have.</param>
    public double Prompt(int letters, int longest)
    {
        double tokens = Math.Min(longest, 1 + (letters / LettersPerToken));
        return tokens * text.NumLayers
            * ((4.0 * text.Dim * text.AttentionDim) + (3.0 * text.Dim * text.FfnDim) + (2 * tokens * text.AttentionDim));
    }

    /// <summary>Weights of the text encoder's blocks, all of which every prompt reads.</summary>
    public double PromptWeights => text.NumLayers * ((4.0 * text.Dim * text.AttentionDim) + (3.0 * text.Dim * text.FfnDim));

    /// <summary>Operations of encoding a video that consists of a first frame.</summary>
    /// <param name="latent">Size of its latent.</param>
    public double Video(LatentShape latent)
    {
        double frames = (VaeConfig.TemporalStride * (latent.Frames - 1)) + 1,
            area = (double)latent.Height * latent.Width * VaeConfig.SpatialStride * VaeConfig.SpatialStride;
        double sum = frames * area * Cube * 3 * vae.Dim, channels = vae.Dim;
        for (int stage = 0; stage < vae.Multipliers.Length; stage++)
        {
            double width = vae.Dim * vae.Multipliers[stage];
            for (int block = 0; block < vae.ResidualBlocks; block++, channels = width)
                sum += frames * area * ((Cube * width * (channels + width)) + (channels == width ? 0 : channels * width));
            if (stage == vae.TemporalDownsampling.Length)
                break;
            area /= 4;
            sum += frames * area * 9 * width * width;
            if (!vae.TemporalDownsampling[stage])
                continue;
            frames = ((frames - 1) / 2) + 1;
            sum += frames * area * 3 * width * width;
        }
        double attention = (4 * channels * channels) + (2 * area * channels);
        return sum + (frames * area * ((4 * Cube * channels * channels) + attention + (2 * Cube * channels * vae.LatentDim)));
    }

    private static T Read<T>(string checkpoint, string part, Func<string, T> load, T usual)
    {
        try
        {
            return load(Path.Combine(checkpoint, part, "config.json"));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidDataException or SafeTensorsException)
        {
            return usual;
        }
    }
}
