using QuantBuild.Artifacts;
using QuantBuild.Denoisers;
using QuantBuild.Imaging;
using QuantBuild.Kernels;
using QuantBuild.Models;
using QuantBuild.Models.Vae;
using QuantBuild.Models.Wan;
using QuantBuild.SafeTensors;
using QuantBuild.Sampling;

namespace QuantBuild.Pipelines;

/// <summary>Wan2.2 image to video: a picture and a prompt become frames, by full-precision experts or those of an artifact.</summary>
/// <remarks>
/// Every result is a function of its inputs down to the last bit, whatever the number of threads.  Only what a phase needs is in memory:
/// the text encoder is read from its files as it runs, encoder and decoder are loaded for their phases, and experts as
/// <see cref="ExpertMemory"/> says.  Used by one caller at a time.
/// </remarks>
/// <example>
/// <code>
/// using ModelArtifact artifact = ModelArtifact.Open("artifacts/tinywan");
/// using var pipeline = new WanImageToVideoPipeline("checkpoint", artifact);
/// GeneratedVideo video = pipeline.Generate(Image.Load("first.png"), "a red star moves left", new GenerationOptions { Frames = 17 });
/// using FileStream file = File.Create("video.png");
/// PngWriter.WriteAnimation(file, video.Frames, framesPerSecond: 16);
/// </code>
/// </example>
public sealed class WanImageToVideoPipeline : IDisposable
{
    private readonly PipelineFolders _folders;
    private readonly ModelArtifact? _artifact;
    private readonly ExpertMemory _memory;
    private readonly IDenoiserFactory _denoisers;
    private readonly WanConfig _config;
    private readonly WanEncoders _encoders;
    private IDenoiser? _high;
    private IDenoiser? _low;

    /// <summary>Takes a checkpoint's folder, and reads its configurations and its tokenizer.</summary>
    /// <param name="checkpoint">
    /// The folder with <c>text_encoder</c>, <c>tokenizer</c> and <c>vae</c>, and, unless there is an artifact, <c>high_noise_model</c> and
    /// <c>low_noise_model</c>, or <c>transformer</c> and <c>transformer_2</c> of the Diffusers layout.
    /// </param>
    /// <param name="artifact">An open artifact whose experts are used in place of the checkpoint's; must stay open.</param>
    /// <param name="memory">What is kept of the experts.</param>
    /// <param name="tiling">
    /// Tiles of the autoencoder, for frames whose features do not fit into memory; null to work on whole frames.
    /// </param>
    /// <param name="denoisers">What runs the experts and, where it can, text encoder and autoencoder; null for the processor.</param>
    /// <exception cref="InvalidDataException">
    /// A part is missing or damaged, or the parts do not fit each other; the message says which.
    /// </exception>
    /// <exception cref="ArgumentException">The sizes of tiles are not as they must be.</exception>
    /// <exception cref="IOException">A file cannot be read.</exception>
    public WanImageToVideoPipeline(string checkpoint, ModelArtifact? artifact = null, ExpertMemory memory = ExpertMemory.One,
        VaeTiling? tiling = null, IDenoiserFactory? denoisers = null)
    {
        _folders = new PipelineFolders(checkpoint);
        _artifact = artifact;
        _memory = memory;
        _denoisers = denoisers ?? CpuDenoiserFactory.Instance;
        _config = artifact?.HighNoise.Config ?? WanConfig.Load(_folders.HighNoiseConfig);
        _encoders = new WanEncoders(checkpoint, _config) { Tiling = tiling, Factory = denoisers as IEncoderFactory
            ?? CpuEncoderFactory.Instance };
    }

    /// <summary>Makes a video.</summary>
    /// <param name="image">Its first frame.</param>
    /// <param name="prompt">What happens in it.</param>
    /// <param name="options">How it is made; null for the defaults.</param>
    /// <param name="progress">Told about every step; may be null.</param>
    /// <param name="step">Shown the latent after every denoising step; may be null.</param>
    /// <param name="ct">Cancels between steps.</param>
    /// <returns>The video. The first frame is the picture's, as far as autoencoder and model keep it.</returns>
    /// <exception cref="ArgumentException">The size, the frames or the sampling options are not possible.</exception>
    /// <exception cref="SafeTensorsException">Weights are missing or damaged.</exception>
    /// <exception cref="InvalidDataException">The latent came out with values that are not finite.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="ct"/> was cancelled.</exception>
    public GeneratedVideo Generate(Image image, string prompt, GenerationOptions? options = null,
        IProgress<GenerationProgress>? progress = null,
        Action<SamplingStep>? step = null, CancellationToken ct = default)
    {
        options ??= new GenerationOptions();
        SamplingOptions sampling = _artifact is null
            ? options.Sampling
            : options.Sampling with { Boundary = _artifact.Descriptor.Boundary };
        // What is wrong with the options should show before the encoders' work.
        _ = sampling.Schedule();
        PreparedVideo prepared = Prepare(image, prompt, options, progress, ct);
        var conditioning = new WanConditioning(prepared.Context, prepared.Context.Length / prepared.TextDim, prepared.Condition);
        WanConditioning? negative = prepared.NullContext.Length == 0 ? null
            : new WanConditioning(prepared.NullContext, prepared.NullContext.Length / prepared.TextDim, prepared.Condition);
        float[] latent = Denoise(sampling, prepared.Shape, prepared.Noise, conditioning, negative, progress, step, ct);
        if (!Finite.IsFinite(latent))
            throw new InvalidDataException(
                "the denoised latent has values that are not finite: weights are damaged, or guidance is too strong");
        return new GeneratedVideo(_encoders.Decode(prepared.Shape, latent, sampling.Threads, progress, ct), latent, prepared.Shape);
    }

    /// <summary>Shape of the experts.</summary>
    public WanConfig Config => _config;

    /// <summary>Tokens of a whole prompt, the end mark included; the model reads <see cref="WanConfig.TextLen"/> of them.</summary>
    /// <param name="prompt">The prompt.</param>
    public int CountTokens(string prompt) => _encoders.CountTokens(prompt);

    /// <summary>About the bytes that <see cref="Prepare"/> takes at once.</summary>
    /// <param name="size">Size of the video: <see cref="FirstFrame.SizeFor"/>.</param>
    /// <param name="threads">Threads to use.</param>
    /// <exception cref="ArgumentException">The size is not possible.</exception>
    /// <exception cref="SafeTensorsException">The autoencoder's file is missing or damaged.</exception>
    internal long PreparingBytes(VideoShape size, int threads) =>
        Math.Max(_encoders.EncodePromptsBytes(threads), _encoders.EncodeImageBytes(size, threads)) + PreparedBytes(size);

    /// <summary>Bytes of what <see cref="Prepare"/> makes.</summary>
    /// <param name="size">Size of the video.</param>
    /// <exception cref="ArgumentException">The size is not possible.</exception>
    internal long PreparedBytes(VideoShape size) => _encoders.PreparedBytes(size);

    /// <summary>
    /// About the bytes that the decoding of a video takes at once, which comes last: to know before the denoising whether there is enough.
    /// </summary>
    /// <param name="size">Size of the video.</param>
    /// <exception cref="SafeTensorsException">The autoencoder's file is missing or damaged.</exception>
    internal long DecodingBytes(VideoShape size) => _encoders.DecodingBytes(size);

    /// <summary>Does what comes before the first denoising step: what calibration records samples from.</summary>
    /// <param name="image">The first frame.</param>
    /// <param name="prompt">What happens in the video.</param>
    /// <param name="options">How it is made.</param>
    /// <param name="progress">Told about every step; may be null.</param>
    /// <param name="ct">Cancels between steps.</param>
    /// <exception cref="ArgumentException">The size or the frames are not possible.</exception>
    /// <exception cref="SafeTensorsException">Weights are missing or damaged.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="ct"/> was cancelled.</exception>
    internal PreparedVideo Prepare(Image image, string prompt, GenerationOptions options, IProgress<GenerationProgress>? progress = null,
        CancellationToken ct = default)
    {
        VideoShape size = FirstFrame.SizeFor(image.Width, image.Height, options.Area, options.Frames);
        LatentShape shape = VaeConfig.LatentShapeOf(size);
        int threads = options.Sampling.Threads;
        bool isGuided = options.Sampling.GuidanceHigh != 1 || options.Sampling.GuidanceLow != 1;
        float[][] contexts = _encoders.EncodePrompts(isGuided ? [prompt, options.NegativePrompt] : [prompt], threads, progress, ct);
        progress?.Report(new GenerationProgress(GenerationPhase.EncodeImage, 0, 1));
        float[] condition = _encoders.EncodeImage(image, size, threads, ct);
        progress?.Report(new GenerationProgress(GenerationPhase.EncodeImage, 1, 1));
        float[] noise = GaussianNoise.Draw(options.Seed, checked(_config.OutDim * shape.Volume));
        return new PreparedVideo(shape, noise, condition, contexts[0], isGuided ? contexts[1] : [], _config.TextDim);
    }

    /// <summary>Lets go of experts that it keeps: <see cref="ExpertMemory.Both"/>.</summary>
    public void Dispose()
    {
        _high?.Dispose();
        _low?.Dispose();
    }

    private float[] Denoise(SamplingOptions sampling, LatentShape shape, float[] noise, WanConditioning conditioning,
        WanConditioning? negative,
        IProgress<GenerationProgress>? progress, Action<SamplingStep>? shown, CancellationToken ct)
    {
        WanCheckpoint? high = _artifact is null ? WanCheckpoint.Open(_folders.HighNoise) : null;
        WanCheckpoint? low = _artifact is null ? WanCheckpoint.Open(_folders.LowNoise) : null;
        using (high)
        using (low)
        {
            progress?.Report(new GenerationProgress(GenerationPhase.Denoise, 0, sampling.Schedule().Timesteps.Count));
            var sampler = new TwoExpertSampler(
                () => Open(_artifact?.HighNoise, high, () => _folders.HighNoiseConfig, ref _high),
                () => Open(_artifact?.LowNoise, low, () => _folders.LowNoiseConfig, ref _low));
            return sampler.Run(sampling, shape, noise, conditioning, negative,
                progress: step =>
                {
                    shown?.Invoke(step);
                    progress?.Report(new GenerationProgress(GenerationPhase.Denoise, step.Index + 1, step.Count));
                }, ct: ct);
        }
    }

    private IDenoiser Open(ArtifactExpertModel? artifact, WanCheckpoint? checkpoint, Func<string> config, ref IDenoiser? kept)
    {
        if (kept is not null)
            return kept.Share();
        WeightStorage storage = _memory == ExpertMemory.None ? WeightStorage.Mapped : WeightStorage.Resident;
        IDenoiser expert = artifact is null
            ? _denoisers.Open(WanConfig.Load(config()), checkpoint!, storage)
            : _denoisers.Open(artifact, storage);
        if (_memory != ExpertMemory.Both)
            return expert;
        kept = expert;
        return kept.Share();
    }
}
