using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using QuantBuild.Compiler.Calibration;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Json;
using QuantBuild.Compiler.Store;
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
/// Encodes the picture and the prompt of a sample. The noise is not part of it: it is drawn anew from the seed, and another seed must not
/// run the encoders again.
/// </summary>
internal static class ConditionStage
{
    /// <summary>Name of the action that embeds the empty prompt.</summary>
    internal const string EmptyPrompt = "empty prompt";

    private const string Tensors = "tensors";
    private const string Outcome = "outcome";

    /// <summary>Makes all samples of a set; null when the runner only looks and one is not made yet.</summary>
    /// <param name="context">The build.</param>
    /// <param name="set">The set.</param>
    /// <param name="config">The model the samples are for.</param>
    /// <param name="needNull">Whether the embedded empty prompt is needed.</param>
    /// <param name="observer">Follows the work; told of pictures that are one colour.</param>
    /// <exception cref="DiagnosticException">A picture, or a part of the checkpoint, cannot be used.</exception>
    public static CalibrationSet? Load(BuildContext context, SampleSet set, WanConfig config, bool needNull, IBuildObserver observer)
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

    private static CalibrationSample? Sample(BuildContext context, EncoderSource source, WanConfig config, SampleLine line, IBuildObserver observer)
    {
        Digest picture = Picture(line, path => Digest.Of(ImageFile.ReadBytes(path)));
        var spec = new ActionSpec(Stage.Condition, "", TrajectoryStage.NameOf(line.Id), new JsonObject
        {
            ["prompt"] = line.Prompt,
            ["textLength"] = config.TextLen,
            ["frames"] = line.Frames,
            ["area"] = line.Width * line.Height,
            ["decoder"] = ImageFile.Decoder,
        },
        [
            KeyValuePair.Create("image", picture),
            KeyValuePair.Create("text", source.Text),
            KeyValuePair.Create("vae", source.Vae),
        ]);
        // A picture's own aspect is known when it is read; the area, which memory grows with, before.
        ActionRecord? record = context.Run(spec, threads => Picture(line, _ => source.EncodingBytes(line, threads)), threads => Encode(context, source, config, line, picture, threads));
        if (record is null)
            return null;
        (bool uniform, int tokens) = context.Store.ReadJson(record.Outputs[Outcome], outcome => (outcome.Member("uniform").Flag(), outcome.Member("tokens").Integer()));
        if (uniform)
            observer.Report(Descriptors.CalibrationImageConstant.At(line.Span, line.Image));
        if (tokens > config.TextLen)
            observer.Report(Descriptors.PromptCut.At(line.Span, FormattableString.Invariant($"The prompt of sample {line.Id}"), tokens, config.TextLen, tokens - config.TextLen));
        using SafeTensorsFile file = context.Store.OpenTensors(record.Outputs[Tensors]);
        IReadOnlyList<long> shape = file.Tensors["y"].Shape;
        var latent = new LatentShape((int)shape[1], (int)shape[2], (int)shape[3]);
        Digest digest = CalibrationSet.DigestOf(
            TensorDigests.Of(DType.F32, [config.OutDim, latent.Frames, latent.Height, latent.Width], MemoryMarshal.AsBytes<float>(Noise(config, line, latent))),
            CalibrationSet.DigestOf(file, "y"), CalibrationSet.DigestOf(file, "context"));
        return new CalibrationSample(line.Id, line.Prompt, latent, digest, () =>
        {
            using SafeTensorsFile tensors = context.Store.OpenTensors(record.Outputs[Tensors]);
            float[] embedded = tensors.ReadFloat32("context");
            return new SampleTensors(Noise(config, line, latent), tensors.ReadFloat32("y"), embedded, embedded.Length / config.TextDim);
        });
    }

    private static float[] Noise(WanConfig config, SampleLine line, LatentShape latent) => GaussianNoise.Draw(line.Seed!.Value, config.OutDim * latent.Volume);

    private static IReadOnlyDictionary<string, BlobRef> Encode(BuildContext context, EncoderSource source, WanConfig config, SampleLine line, Digest picture, int threads)
    {
        Image image = Picture(line, path => Image.Decode(Unchanged(path, picture, line)));
        VideoShape size = Picture(line, _ => FirstFrame.SizeFor(image.Width, image.Height, line.Width * line.Height, line.Frames));
        float[] embedded = source.Encoders.EncodePrompts([line.Prompt], threads, ct: context.Cancellation)[0];
        float[] condition = source.Encoders.EncodeImage(image, size, threads, context.Cancellation);
        if (!Finite.IsFinite(embedded) || !Finite.IsFinite(condition))
            throw new DiagnosticException(Descriptors.EncodersUnusable.At(line.Span, "text encoder or autoencoder make values that are not finite"));
        source.RequireUnchanged();
        LatentShape latent = VaeConfig.LatentShapeOf(size);
        return Outputs.Of(
            Tensors, context.Store.StoreTensors(
                TensorData.Of("y", [config.ConditionDim, latent.Frames, latent.Height, latent.Width], condition),
                TensorData.Of("context", [embedded.Length / config.TextDim, config.TextDim], embedded)),
            Outcome, context.Store.StoreJson(new JsonObject { ["uniform"] = image.IsUniform, ["tokens"] = source.Encoders.CountTokens(line.Prompt) }));
    }

    private static (float[] Context, Digest Digest)? Null(BuildContext context, EncoderSource source, WanConfig config)
    {
        var spec = new ActionSpec(Stage.Condition, "", EmptyPrompt, new JsonObject { ["prompt"] = "", ["textLength"] = config.TextLen },
            [KeyValuePair.Create("text", source.Text)]);
        ActionRecord? record = context.Run(spec, source.Encoders.EncodePromptsBytes, threads =>
        {
            float[] embedded = source.Encoders.EncodePrompts([""], threads, ct: context.Cancellation)[0];
            source.RequireUnchanged();
            return Outputs.Of(Tensors, context.Store.StoreTensors(TensorData.Of("context", [embedded.Length / config.TextDim, config.TextDim], embedded)));
        });
        if (record is null)
            return null;
        using SafeTensorsFile file = context.Store.OpenTensors(record.Outputs[Tensors]);
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
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidDataException or ArgumentException or OverflowException)
        {
            throw new DiagnosticException(Descriptors.CalibrationPicture.At(line.Span, line.Image, e.Message), e);
        }
    }
}
