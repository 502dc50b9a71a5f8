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

/// <summary>From a prompt, and a picture where the model takes one, to frames, by full-precision experts or those of an artifact.</summary>
/// <remarks>
/// Every result is a function of its inputs down to the last bit, whatever the number of threads.  Only what a phase needs is in memory:
/// the text encoder is read from its files as it runs, encoder and decoder are loaded for their phases, and experts as
/// <see cref="ExpertMemory"/> says.  Used by one caller at a time.
/// </remarks>
internal sealed class VideoPipeline : IDisposable
{
    private readonly PipelineSource _source;
    private readonly PipelineFolders _folders;
    private readonly ModelArtifact? _artifact;
    private readonly IDenoiserFactory _denoisers;
    private readonly WanEncoders _encoders;
    private IDenoiser? _high;
    private IDenoiser? _low;

    /// <summary>Takes a checkpoint, and reads its configurations and its tokenizer.</summary>
    /// <param name="source">The checkpoint.</param>
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
    public VideoPipeline(PipelineSource source, ModelArtifact? artifact = null, ExpertMemory memory = ExpertMemory.One,
        VaeTiling? tiling = null, IDenoiserFactory? denoisers = null)
    {
        _source = source;
        _folders = new PipelineFolders(source.Checkpoint);
        _artifact = artifact;
        Memory = memory;
        _denoisers = denoisers ?? CpuDenoiserFactory.Instance;
        Config = ConfigOf(source, artifact);
        _encoders = new WanEncoders(source.Checkpoint, Config) { Tiling = tiling, Factory = denoisers as IEncoderFactory
            ?? CpuEncoderFactory.Instance };
    }

    /// <summary>Shape of the experts.</summary>
    public WanConfig Config { get; }

    /// <summary>What is kept of the experts.</summary>
    public ExpertMemory Memory { get; }

    /// <summary>What the model is.</summary>
    public WanArchitecture Architecture => WanArchitecture.Of(Config);

    private ExpertWeights HighNoise => HighNoiseOf(_source, _folders);

    private ExpertWeights LowNoise => _source.LowNoise ?? new ExpertWeights(_folders.LowNoise, []);

    /// <summary>Shape of the experts that a pipeline would run.</summary>
    /// <param name="source">The checkpoint.</param>
    /// <param name="artifact">The artifact; null for none.</param>
    public static WanConfig ConfigOf(PipelineSource source, ModelArtifact? artifact) =>
        artifact?.HighNoise.Config ?? HighNoiseOf(source, new PipelineFolders(source.Checkpoint)).Config();

    /// <summary>Makes a video.</summary>
    /// <param name="image">Its first frame; null for a text-to-video model.</param>
    /// <param name="prompt">What happens in it.</param>
    /// <param name="options">How it is made.</param>
    /// <param name="progress">Told about every step; may be null.</param>
    /// <param name="step">Shown the latent after every denoising step; may be null.</param>
    /// <param name="ct">Cancels between steps.</param>
    /// <returns>The video. The first frame is the picture's, as far as autoencoder and model keep it.</returns>
    /// <exception cref="ArgumentException">
    /// The size, the frames or the sampling options are not possible, or there is a picture where the model takes none, or none where it
    /// does.
    /// </exception>
    /// <exception cref="SafeTensorsException">Weights are missing or damaged.</exception>
    /// <exception cref="InvalidDataException">The latent came out with values that are not finite.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="ct"/> was cancelled.</exception>
    public GeneratedVideo Generate(Image? image, string prompt, GenerationOptions options, IProgress<GenerationProgress>? progress = null,
        Action<SamplingStep>? step = null, CancellationToken ct = default)
    {
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

    /// <summary>The size of a video.</summary>
    /// <param name="picture">Its first frame; null without one.</param>
    /// <param name="options">How it is made.</param>
    /// <exception cref="ArgumentException">
    /// It is not possible, or there is a picture where the model takes none, or none where it does.
    /// </exception>
    public VideoShape SizeOf(Image? picture, GenerationOptions options)
    {
        if (Architecture.TakesPicture != picture is not null)
            throw new ArgumentException(
                $"{Architecture.Model} makes {Architecture.Makes}: there is {(picture is null ? "no" : "a")} picture");
        return picture is { } image
            ? FirstFrame.SizeFor(image.Width, image.Height, checked(options.Width * options.Height), options.Frames)
            : VideoSize.Of(options.Width, options.Height, options.Frames);
    }

    /// <summary>Tokens of a whole prompt, the end mark included; the model reads <see cref="WanConfig.TextLen"/> of them.</summary>
    /// <param name="prompt">The prompt.</param>
    public int CountTokens(string prompt) => _encoders.CountTokens(prompt);

    /// <summary>About the bytes that <see cref="Prepare"/> takes at once.</summary>
    /// <param name="size">Size of the video: <see cref="SizeOf"/>.</param>
    /// <param name="threads">Threads to use.</param>
    /// <exception cref="ArgumentException">The size is not possible.</exception>
    /// <exception cref="SafeTensorsException">The autoencoder's file is missing or damaged.</exception>
    public long PreparingBytes(VideoShape size, int threads) =>
        Math.Max(_encoders.EncodePromptsBytes(threads), Architecture.TakesPicture ? _encoders.EncodeImageBytes(size, threads) : 0)
        + PreparedBytes(size);

    /// <summary>Bytes of what <see cref="Prepare"/> makes.</summary>
    /// <param name="size">Size of the video.</param>
    /// <exception cref="ArgumentException">The size is not possible.</exception>
    public long PreparedBytes(VideoShape size) => _encoders.PreparedBytes(size);

    /// <summary>
    /// About the bytes that the decoding of a video takes at once, which comes last: to know before the denoising whether there is enough.
    /// </summary>
    /// <param name="size">Size of the video.</param>
    /// <exception cref="SafeTensorsException">The autoencoder's file is missing or damaged.</exception>
    public long DecodingBytes(VideoShape size) => _encoders.DecodingBytes(size);

    /// <summary>Does what comes before the first denoising step: what calibration records samples from.</summary>
    /// <param name="image">The first frame; null for a text-to-video model.</param>
    /// <param name="prompt">What happens in the video.</param>
    /// <param name="options">How it is made.</param>
    /// <param name="progress">Told about every step; may be null.</param>
    /// <param name="ct">Cancels between steps.</param>
    /// <exception cref="ArgumentException">As for <see cref="SizeOf"/>.</exception>
    /// <exception cref="SafeTensorsException">Weights are missing or damaged.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="ct"/> was cancelled.</exception>
    public PreparedVideo Prepare(Image? image, string prompt, GenerationOptions options, IProgress<GenerationProgress>? progress = null,
        CancellationToken ct = default)
    {
        VideoShape size = SizeOf(image, options);
        LatentShape shape = VaeConfig.LatentShapeOf(size);
        int threads = options.Sampling.Threads;
        bool isGuided = options.Sampling.GuidanceHigh != 1 || options.Sampling.GuidanceLow != 1;
        float[][] contexts = _encoders.EncodePrompts(isGuided ? [prompt, options.NegativePrompt] : [prompt], threads, progress, ct);
        float[] condition = image is null ? [] : EncodeImage(image, size, threads, progress, ct);
        float[] noise = GaussianNoise.Draw(options.Seed, checked(Config.OutDim * shape.Volume));
        return new PreparedVideo(shape, noise, condition, contexts[0], isGuided ? contexts[1] : [], Config.TextDim);
    }

    /// <summary>Lets go of experts that it keeps: <see cref="ExpertMemory.Both"/>.</summary>
    public void Dispose()
    {
        _high?.Dispose();
        _low?.Dispose();
    }

    private static ExpertWeights HighNoiseOf(PipelineSource source, PipelineFolders folders) =>
        source.HighNoise ?? new ExpertWeights(folders.HighNoise, []);

    private float[] EncodeImage(Image image, VideoShape size, int threads, IProgress<GenerationProgress>? progress, CancellationToken ct)
    {
        progress?.Report(new GenerationProgress(GenerationPhase.EncodeImage, 0, 1));
        float[] condition = _encoders.EncodeImage(image, size, threads, ct);
        progress?.Report(new GenerationProgress(GenerationPhase.EncodeImage, 1, 1));
        return condition;
    }

    private float[] Denoise(SamplingOptions sampling, LatentShape shape, float[] noise, WanConditioning conditioning,
        WanConditioning? negative, IProgress<GenerationProgress>? progress, Action<SamplingStep>? shown, CancellationToken ct)
    {
        WanCheckpoint? high = _artifact is null ? HighNoise.Open() : null;
        WanCheckpoint? low = _artifact is null ? LowNoise.Open() : null;
        using (high)
        using (low)
        {
            progress?.Report(new GenerationProgress(GenerationPhase.Denoise, 0, sampling.Schedule().Timesteps.Count));
            var sampler = new TwoExpertSampler(
                () => Open(_artifact?.HighNoise, high, () => HighNoise.Config(), ref _high),
                () => Open(_artifact?.LowNoise, low, () => LowNoise.Config(), ref _low));
            return sampler.Run(sampling, shape, noise, conditioning, negative,
                progress: step =>
                {
                    shown?.Invoke(step);
                    progress?.Report(new GenerationProgress(GenerationPhase.Denoise, step.Index + 1, step.Count));
                }, ct: ct);
        }
    }

    private IDenoiser Open(ArtifactExpertModel? artifact, WanCheckpoint? checkpoint, Func<WanConfig> config, ref IDenoiser? kept)
    {
        if (kept is not null)
            return kept.Share();
        WeightStorage storage = Memory == ExpertMemory.None ? WeightStorage.Mapped : WeightStorage.Resident;
        IDenoiser expert = artifact is null
            ? _denoisers.Open(config(), checkpoint!, storage)
            : _denoisers.Open(artifact, storage);
        if (Memory != ExpertMemory.Both)
            return expert;
        kept = expert;
        return kept.Share();
    }
}
