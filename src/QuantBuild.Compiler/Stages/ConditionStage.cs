using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using QuantBuild.Compiler.Actions;
using QuantBuild.Compiler.Calibration;
using QuantBuild.Compiler.Costs;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Json;
using QuantBuild.Compiler.Samples;
using QuantBuild.Compiler.Store;
using QuantBuild.Compiler.Work;
using QuantBuild.Imaging;
using QuantBuild.Kernels;
using QuantBuild.Models;
using QuantBuild.Models.Vae;
using QuantBuild.Models.Wan;
using QuantBuild.Pipelines;
using QuantBuild.SafeTensors;
using QuantBuild.Sampling;

namespace QuantBuild.Compiler.Stages;

/// <summary>
/// Encodes the picture and the prompt of a sample, or the prompt alone for a text-to-video model. The noise is not part of it: it is drawn
/// anew from the seed, and another seed must not run the encoders again.
/// </summary>
internal sealed class ConditionStage() : Stage<ConditionSubject, ConditionStage.Result>("Condition", 2,
    new StageText("sample made of a picture or a prompt, and the empty prompt with guidance",
        "tokenizer and text encoder; with a picture its file and the autoencoder", "y, context; whether the picture is one colour"),
    new StageOption<ConditionSubject>("prompt", subject => subject.Line?.Prompt ?? ""),
    new StageOption<ConditionSubject>("textLength", subject => subject.Config.TextLen),
    new StageOption<ConditionSubject>("frames", subject => subject.Picture?.Frames),
    new StageOption<ConditionSubject>("area", subject => subject.Picture is { } line ? line.Width * line.Height : null),
    new StageOption<ConditionSubject>("decoder", subject => subject.Picture is null ? null : ImageFile.Decoder))
{
    /// <summary>Name of the action that embeds the empty prompt.</summary>
    internal const string EmptyPrompt = "empty prompt";

    /// <summary>What a convolution costs beside its products: gathering its inputs.</summary>
    private const double Convolving = 1.5;

    private const string Tensors = "tensors";
    private const string Outcome = "outcome";

    /// <summary>What the action stores.</summary>
    /// <param name="Tensors">
    /// Blob with <c>context</c> F32 [tokens, text_dim] and, of a picture, <c>y</c> F32 [channels, frames, height, width].
    /// </param>
    /// <param name="Uniform">Whether the picture is one colour.</param>
    /// <param name="Tokens">Tokens of the whole prompt, those that were cut off included.</param>
    public sealed record Result(BlobRef Tensors, bool Uniform, int Tokens);

    /// <inheritdoc/>
    public override ComputeGroup Group => ComputeGroup.Model;

    /// <inheritdoc/>
    public override string NameOf(ConditionSubject subject) => subject.Line is { } line ? TrajectoryStage.NameOf(line.Id) : EmptyPrompt;

    /// <summary>A picture's own aspect is known when it is read; the area, which memory grows with, before.</summary>
    public override long Bytes(ConditionSubject subject, int threads) => subject switch
    {
        { Source: null } => 0,
        { Picture: { } line } => Picture(line, _ => subject.Source.EncodingBytes(line, threads)),
        _ => subject.Source.Encoders.EncodePromptsBytes(threads),
    };

    /// <summary>A picture and its prompt through the encoders, or the empty prompt.</summary>
    public override double Seconds(ConditionSubject subject, MachineSpeed speed)
    {
        if (subject.Operations?.Value is not { } encoders)
            return 0;
        double product = speed.At(MachineSpeed.LargeSize, MachineSpeed.LargeSize).Product;
        return (encoders.Prompt(subject.Line?.Prompt.Length ?? 0, subject.Config.TextLen) * product)
            + (encoders.PromptWeights * 2 * speed.Byte)
            + (subject.Picture is { } line ? encoders.Video(SampleSet.ShapeOf(line)) * product * Convolving : 0);
    }

    /// <inheritdoc/>
    public override Result Read(IBlobFiles store, IReadOnlyDictionary<string, BlobRef> outputs) =>
        outputs.TryGetValue(Outcome, out BlobRef outcome)
        ? store.ReadJson(outcome, json => new Result(outputs[Tensors], json.Member("uniform").Flag(), json.Member("tokens").Integer()))
        : new Result(outputs[Tensors], Uniform: false, Tokens: 0);

    /// <summary>Makes all samples of a set; null when the runner only looks and one is not made yet.</summary>
    /// <param name="context">The build.</param>
    /// <param name="set">The set.</param>
    /// <param name="config">The model the samples are for.</param>
    /// <param name="needNull">Whether the embedded empty prompt is needed.</param>
    /// <param name="observer">Follows the work; told of pictures that are one colour.</param>
    /// <exception cref="DiagnosticException">A picture, or a part of the checkpoint, cannot be used.</exception>
    public CalibrationSet? Load(BuildContext context, SampleSet set, WanConfig config, bool needNull, IBuildObserver observer)
    {
        observer.PhaseStarted("Encode", set.Lines.Count + (needNull ? 1 : 0));
        EncoderSource source = EncoderSource.Open(context, config);
        // One after the other: an encoder takes more memory than a trajectory, and uses all threads by itself.
        context.Budget.Expect(1);
        CalibrationSample?[] samples = [.. set.Lines.Select(line => Sample(context, source, config, line, observer))];
        (float[] Context, Digest Digest)? empty = needNull ? Null(context, source, config) : ([], Digest.Of([]));
        return empty is not { } none || samples.Contains(null)
            ? null
            : new CalibrationSet([.. samples.OfType<CalibrationSample>()], none.Context, none.Context.Length / config.TextDim, none.Digest);
    }

    private CalibrationSample? Sample(BuildContext context, EncoderSource source, WanConfig config, SampleLine line,
        IBuildObserver observer)
    {
        Digest? picture = line.Image is null ? null : Picture(line, path => Digest.Of(ImageFile.ReadBytes(path)));
        LatentShape? wanted = picture is null ? SampleSet.ShapeOf(line) : null;
        Result? encoded = context.Run(this, new ConditionSubject(config, line, Source: source),
        [
            .. picture is { } file ? [KeyValuePair.Create("image", file)] : (KeyValuePair<string, Digest>[])[],
            KeyValuePair.Create("text", source.Text),
            .. picture is null ? (KeyValuePair<string, Digest>[])[] : [KeyValuePair.Create("vae", source.Vae)],
        ], threads => Encode(context, source, config, line, picture, threads));
        if (encoded is null)
            return null;
        if (encoded.Uniform)
            observer.Report(Descriptors.CalibrationImageConstant.At(line.Span, line.Image));
        if (encoded.Tokens > config.TextLen)
            observer.Report(Descriptors.PromptCut.At(line.Span, FormattableString.Invariant($"The prompt of sample {line.Id}"),
                encoded.Tokens, config.TextLen, encoded.Tokens - config.TextLen));
        using SafeTensorsFile made = context.Store.OpenTensors(encoded.Tensors);
        LatentShape latent = wanted ?? Latent(made.Tensors["y"].Shape);
        Digest digest = CalibrationSet.DigestOf(
            TensorDigests.Of(DType.F32, [config.OutDim, latent.Frames, latent.Height, latent.Width],
                MemoryMarshal.AsBytes<float>(Noise(config, line, latent))),
            picture is null ? null : CalibrationSet.DigestOf(made, "y"), CalibrationSet.DigestOf(made, "context"));
        return new CalibrationSample(line.Id, line.Prompt, latent, digest, () =>
        {
            using SafeTensorsFile tensors = context.Store.OpenTensors(encoded.Tensors);
            float[] embedded = tensors.ReadFloat32("context");
            float[] condition = picture is null ? [] : tensors.ReadFloat32("y");
            return new SampleTensors(Noise(config, line, latent), condition, embedded, embedded.Length / config.TextDim);
        });
    }

    private static LatentShape Latent(IReadOnlyList<long> shape) => new((int)shape[1], (int)shape[2], (int)shape[3]);

    private static float[] Noise(WanConfig config, SampleLine line, LatentShape latent) =>
        GaussianNoise.Draw(line.Seed!.Value, config.OutDim * latent.Volume);

    private static IReadOnlyDictionary<string, BlobRef> Encode(BuildContext context, EncoderSource source, WanConfig config,
        SampleLine line, Digest? picture, int threads)
    {
        // What is wrong with a picture shows before the text encoder's work.
        Image? image = picture is { } digest ? Picture(line, path => Image.Decode(Unchanged(path, digest, line))) : null;
        VideoShape? size = image is null ? null
            : Picture(line, _ => FirstFrame.SizeFor(image.Width, image.Height, line.Width * line.Height, line.Frames));
        float[] embedded = source.Encoders.EncodePrompts([line.Prompt], threads, ct: context.Cancellation)[0];
        float[] condition = image is null ? [] : source.Encoders.EncodeImage(image, size!.Value, threads, context.Cancellation);
        if (!Finite.IsFinite(embedded) || !Finite.IsFinite(condition))
            throw new DiagnosticException(Descriptors.EncodersUnusable.At(line.Span,
                "text encoder or autoencoder make values that are not finite"));
        source.RequireUnchanged();
        var prompt = TensorData.Of("context", [embedded.Length / config.TextDim, config.TextDim], embedded);
        return Outputs.Of(
            Tensors, size is { } video
                ? context.Store.StoreTensors(ConditionOf(config, VaeConfig.LatentShapeOf(video), condition), prompt)
                : context.Store.StoreTensors(prompt),
            Outcome, context.Store.StoreJson(new JsonObject
            {
                ["uniform"] = image?.IsUniform == true,
                ["tokens"] = source.Encoders.CountTokens(line.Prompt),
            }));
    }

    private static TensorData ConditionOf(WanConfig config, LatentShape latent, float[] condition) =>
        TensorData.Of("y", [config.ConditionDim, latent.Frames, latent.Height, latent.Width], condition);

    private (float[] Context, Digest Digest)? Null(BuildContext context, EncoderSource source, WanConfig config)
    {
        Result? encoded = context.Run(this, new ConditionSubject(config, null, Source: source), [KeyValuePair.Create("text", source.Text)],
            threads =>
        {
            float[] embedded = source.Encoders.EncodePrompts([""], threads, ct: context.Cancellation)[0];
            source.RequireUnchanged();
            return Outputs.Of(Tensors,
                context.Store.StoreTensors(TensorData.Of("context", [embedded.Length / config.TextDim, config.TextDim], embedded)));
        });
        if (encoded is null)
            return null;
        using SafeTensorsFile file = context.Store.OpenTensors(encoded.Tensors);
        return (file.ReadFloat32("context"), CalibrationSet.DigestOf(file, "context"));
    }

    /// <summary>A picture's bytes, which must be those that the action's key names.</summary>
    private static byte[] Unchanged(string path, Digest picture, SampleLine line)
    {
        byte[] file = ImageFile.ReadBytes(path);
        return Digest.Of(file) == picture ? file : throw new DiagnosticException(Descriptors.InputChanged.At(line.Span, path));
    }

    /// <summary>Works on a line's picture; what is wrong with it is told at the line.</summary>
    private static T Picture<T>(SampleLine line, Func<string, T> work)
    {
        try
        {
            return work(line.Image!);
        }
        catch (Exception e)
            when (e is IOException or UnauthorizedAccessException or InvalidDataException or ArgumentException or OverflowException)
        {
            throw new DiagnosticException(Descriptors.CalibrationPicture.At(line.Span, line.Image, e.Message), e);
        }
    }
}
