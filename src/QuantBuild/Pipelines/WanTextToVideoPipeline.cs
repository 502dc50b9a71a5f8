using QuantBuild.Denoisers;
using QuantBuild.Models.Vae;
using QuantBuild.Models.Wan;
using QuantBuild.SafeTensors;
using QuantBuild.Sampling;

namespace QuantBuild.Pipelines;

/// <summary>Wan2.2 text to video: a prompt becomes frames, by full-precision experts or those of an artifact.</summary>
/// <remarks>
/// Every result is a function of its inputs down to the last bit, whatever the number of threads.  Only what a phase needs is in memory:
/// the text encoder is read from its files as it runs, encoder and decoder are loaded for their phases, and experts as
/// <see cref="ExpertMemory"/> says.  Used by one caller at a time.
/// </remarks>
/// <example>
/// <code>
/// using ModelArtifact artifact = ModelArtifact.Open("artifacts/wan2.2-t2v-a14b");
/// using var pipeline = new WanTextToVideoPipeline("checkpoint", artifact);
/// GeneratedVideo video = pipeline.Generate("a red star moves left", GenerationOptions.TextToVideo with { Frames = 17 });
/// using FileStream file = File.Create("video.png");
/// PngWriter.WriteAnimation(file, video.Frames, framesPerSecond: 16);
/// </code>
/// </example>
public sealed class WanTextToVideoPipeline : IDisposable
{
    private readonly VideoPipeline _pipeline;

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
    /// A part is missing or damaged, the parts do not fit each other, or they make videos of a first frame; the message says which.
    /// </exception>
    /// <exception cref="ArgumentException">The sizes of tiles are not as they must be.</exception>
    /// <exception cref="IOException">A file cannot be read.</exception>
    public WanTextToVideoPipeline(string checkpoint, ModelArtifact? artifact = null, ExpertMemory memory = ExpertMemory.One,
        VaeTiling? tiling = null, IDenoiserFactory? denoisers = null)
    {
        _pipeline = new VideoPipeline(new PipelineSource(checkpoint), artifact, memory, tiling, denoisers);
        if (_pipeline.Architecture.TakesPicture)
            throw new InvalidDataException(
                $"{checkpoint}: the model makes {_pipeline.Architecture.Makes}; {nameof(WanImageToVideoPipeline)} opens it");
    }

    /// <summary>Shape of the experts.</summary>
    public WanConfig Config => _pipeline.Config;

    /// <summary>Makes a video.</summary>
    /// <param name="prompt">What happens in it.</param>
    /// <param name="options">How it is made; null for <see cref="GenerationOptions.TextToVideo"/>.</param>
    /// <param name="progress">Told about every step; may be null.</param>
    /// <param name="step">Shown the latent after every denoising step; may be null.</param>
    /// <param name="ct">Cancels between steps.</param>
    /// <returns>The video.</returns>
    /// <exception cref="ArgumentException">The size, the frames or the sampling options are not possible.</exception>
    /// <exception cref="SafeTensorsException">Weights are missing or damaged.</exception>
    /// <exception cref="InvalidDataException">The latent came out with values that are not finite.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="ct"/> was cancelled.</exception>
    public GeneratedVideo Generate(string prompt, GenerationOptions? options = null, IProgress<GenerationProgress>? progress = null,
        Action<SamplingStep>? step = null, CancellationToken ct = default) =>
        _pipeline.Generate(image: null, prompt, options ?? GenerationOptions.TextToVideo, progress, step, ct);

    /// <summary>Tokens of a whole prompt, the end mark included; the model reads <see cref="WanConfig.TextLen"/> of them.</summary>
    /// <param name="prompt">The prompt.</param>
    public int CountTokens(string prompt) => _pipeline.CountTokens(prompt);

    /// <summary>Lets go of experts that it keeps: <see cref="ExpertMemory.Both"/>.</summary>
    public void Dispose() => _pipeline.Dispose();
}
