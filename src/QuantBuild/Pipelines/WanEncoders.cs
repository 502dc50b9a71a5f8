using QuantBuild.Imaging;
using QuantBuild.Models;
using QuantBuild.Models.Vae;
using QuantBuild.Models.Wan;
using QuantBuild.SafeTensors;
using QuantBuild.Text;

namespace QuantBuild.Pipelines;

/// <summary>Tokenizer, text encoder and autoencoder of a checkpoint: everything of Wan2.2 that is around its experts.</summary>
/// <remarks>Weights are in memory only during a call. Used by one caller at a time.</remarks>
internal sealed class WanEncoders
{
    private readonly PipelineFolders _folders;
    private readonly UnigramTokenizer _tokenizer;
    private readonly TextEncoderConfig _textConfig;
    private readonly VaeConfig _vaeConfig;
    private readonly WanConfig _model;

    /// <summary>Takes a checkpoint's folder, and reads its configurations and its tokenizer.</summary>
    /// <param name="checkpoint">The folder with <c>text_encoder</c>, <c>tokenizer</c> and <c>vae</c>.</param>
    /// <param name="model">The experts that they are for.</param>
    /// <exception cref="InvalidDataException">
    /// A part is missing or damaged, or the parts do not fit each other; the message says which.
    /// </exception>
    /// <exception cref="IOException">A file cannot be read.</exception>
    public WanEncoders(string checkpoint, WanConfig model)
    {
        _folders = new PipelineFolders(checkpoint);
        _model = model;
        _tokenizer = UnigramTokenizer.Load(_folders.Tokenizer);
        _textConfig = _folders.TextConfig();
        _vaeConfig = _folders.VaeConfig();
        if (_textConfig.Dim != model.TextDim || _tokenizer.VocabularySize > _textConfig.VocabularySize)
            throw new InvalidDataException(
                $"{checkpoint}: the text encoder makes {_textConfig.Dim} channels of {_textConfig.VocabularySize} tokens; the model "
                    + $"takes {model.TextDim}, the tokenizer makes {_tokenizer.VocabularySize}");
        if (_vaeConfig.LatentDim != model.OutDim || model.ConditionDim != 0
            && model.ConditionDim != model.OutDim + VaeConfig.TemporalStride)
            throw new InvalidDataException(
                $"{checkpoint}: the autoencoder makes {_vaeConfig.LatentDim} channels; the model takes {model.OutDim} and a condition "
                    + $"of {model.ConditionDim}");
    }

    /// <summary>Tiles of the autoencoder; null to work on whole pictures.</summary>
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

    /// <summary>What runs text encoder and autoencoder.</summary>
    public IEncoderFactory Factory { get; init; } = CpuEncoderFactory.Instance;

    /// <summary>Looks for the folders of text encoder, tokenizer and autoencoder; their content is not read.</summary>
    /// <exception cref="InvalidDataException">One is missing; the message says which, and what to do.</exception>
    public static void Require(string checkpoint) => new PipelineFolders(checkpoint).Require();

    /// <summary>Tokens of a whole prompt, the end mark included.</summary>
    /// <param name="prompt">The prompt.</param>
    public int CountTokens(string prompt) => _tokenizer.Count(prompt);

    /// <summary>Bytes that <see cref="EncodePrompts"/> takes at the most for prompts of any length.</summary>
    /// <param name="threads">Threads to use.</param>
    public long EncodePromptsBytes(int threads) => TextEncoder.EncodingBytes(_textConfig, _model.TextLen, threads);

    /// <summary>Bytes that <see cref="EncodeImage"/> takes at the most, the condition and the weights included.</summary>
    /// <param name="size">Size of the video.</param>
    /// <param name="threads">Threads to use.</param>
    /// <exception cref="ArgumentException">The size is not possible: the condition has more elements than an array can have.</exception>
    public long EncodeImageBytes(VideoShape size, int threads)
    {
        using ShardedCheckpoint weights = _folders.OpenVae();
        long elements = weights.Tensors.Values.Sum(tensor => tensor.ElementCount);
        long features = sizeof(float) * (elements + ConditionElements(size) + (_model.OutDim * (long)VaeConfig.LatentShapeOf(size).Volume));
        if (Tiling is null)
            return features + VaeMemory.Encoding(_vaeConfig, size, threads);
        // The picture is resized whole, whatever the tiles.
        var tile = new VideoShape(size.Frames, Math.Min(Tiling.Size, size.Height), Math.Min(Tiling.Size, size.Width));
        return features + (sizeof(float) * 2L * size.FrameLength) + VaeMemory.Encoding(_vaeConfig, tile, threads);
    }

    /// <summary>
    /// Bytes of what is made of a prompt and a picture, or of a prompt: the condition, the noise, and the longest context.
    /// </summary>
    /// <param name="size">Size of the video.</param>
    /// <exception cref="ArgumentException">The size is not possible: the condition has more elements than an array can have.</exception>
    public long PreparedBytes(VideoShape size) =>
        sizeof(float)
        * (ConditionElements(size) + (_model.OutDim * (long)VaeConfig.LatentShapeOf(size).Volume)
            + ((long)_model.TextLen * _model.TextDim));

    /// <summary>Embeds prompts.</summary>
    /// <param name="prompts">The prompts.</param>
    /// <param name="threads">Threads to use; the result does not depend on it.</param>
    /// <param name="progress">Told after each prompt; may be null.</param>
    /// <param name="ct">Cancels between layers.</param>
    /// <returns>For each, [tokens, text width], unpadded.</returns>
    /// <exception cref="SafeTensorsException">Weights are missing or damaged.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="ct"/> was cancelled.</exception>
    public float[][] EncodePrompts(IReadOnlyList<string> prompts, int threads = 1, IProgress<GenerationProgress>? progress = null,
        CancellationToken ct = default)
    {
        using ShardedCheckpoint weights = _folders.OpenTextEncoder();
        using ITextEncoder encoder = Factory.OpenTextEncoder(_textConfig, weights);
        var contexts = new float[prompts.Count][];
        for (int i = 0; i < prompts.Count; i++)
        {
            progress?.Report(new GenerationProgress(GenerationPhase.EncodeText, i, prompts.Count));
            contexts[i] = encoder.Encode(_tokenizer.Encode(prompts[i], _model.TextLen), threads, ct);
        }
        progress?.Report(new GenerationProgress(GenerationPhase.EncodeText, prompts.Count, prompts.Count));
        return contexts;
    }

    /// <summary>Makes the condition of a video of its first frame.</summary>
    /// <param name="image">The picture.</param>
    /// <param name="size">Size of the video: <see cref="FirstFrame.SizeFor"/>.</param>
    /// <param name="threads">Threads to use; the result does not depend on it.</param>
    /// <param name="ct">Cancels between pieces.</param>
    /// <returns>As <see cref="FirstFrame.Condition"/>.</returns>
    /// <exception cref="ArgumentException">The size is not possible.</exception>
    /// <exception cref="SafeTensorsException">Weights are missing or damaged.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="ct"/> was cancelled.</exception>
    public float[] EncodeImage(Image image, VideoShape size, int threads = 1, CancellationToken ct = default)
    {
        using ShardedCheckpoint weights = _folders.OpenVae();
        using VideoAutoencoder vae = Autoencoder(weights);
        return FirstFrame.Condition(vae, image, size, threads, ct);
    }

    /// <summary>Decodes a latent.</summary>
    /// <param name="shape">Its size.</param>
    /// <param name="latent">The normalized latent, [latent channels, frames, height, width].</param>
    /// <param name="threads">Threads to use; the result does not depend on it.</param>
    /// <param name="progress">Told after each frame; may be null.</param>
    /// <param name="ct">Cancels between latent frames.</param>
    /// <returns>The frames of the video.</returns>
    /// <exception cref="ArgumentException">The sizes do not fit.</exception>
    /// <exception cref="SafeTensorsException">Weights are missing or damaged.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="ct"/> was cancelled.</exception>
    public IReadOnlyList<Image> Decode(LatentShape shape, ReadOnlySpan<float> latent, int threads = 1,
        IProgress<GenerationProgress>? progress = null, CancellationToken ct = default)
    {
        VideoShape size = VaeConfig.VideoShapeOf(shape);
        var frames = new List<Image>(size.Frames);
        progress?.Report(new GenerationProgress(GenerationPhase.Decode, 0, size.Frames));
        using ShardedCheckpoint weights = _folders.OpenVae();
        using VideoAutoencoder vae = Autoencoder(weights);
        vae.Decode(shape, latent, (frame, pixels) =>
        {
            frames.Add(Image.FromPlanes(pixels, size.Height, size.Width));
            progress?.Report(new GenerationProgress(GenerationPhase.Decode, frame + 1, size.Frames));
        }, threads, ct);
        return frames;
    }

    /// <summary>About the bytes that <see cref="Decode"/> takes: weights, features and finished frames.</summary>
    /// <param name="size">Size of the video.</param>
    /// <exception cref="SafeTensorsException">The autoencoder's file is missing or damaged.</exception>
    public long DecodingBytes(VideoShape size)
    {
        using ShardedCheckpoint weights = _folders.OpenVae();
        long elements = weights.Tensors.Values.Sum(tensor => tensor.ElementCount);
        return (sizeof(float) * elements) + VaeMemory.Decoding(_vaeConfig, size, Tiling) + ((long)size.Frames * size.FrameLength);
    }

    private long ConditionElements(VideoShape size)
    {
        LatentShape latent = VaeConfig.LatentShapeOf(size);
        long elements = (long)latent.Frames * latent.Height * latent.Width * _model.ConditionDim;
        return elements <= Array.MaxLength && 3L * size.Height * size.Width <= Array.MaxLength
            ? elements
            : throw new ArgumentException($"{size.Frames} frames of {size.Width}x{size.Height} pixels are more than an array can hold");
    }

    private VideoAutoencoder Autoencoder(ShardedCheckpoint weights) => Factory.OpenAutoencoder(_vaeConfig, weights, Tiling);
}
