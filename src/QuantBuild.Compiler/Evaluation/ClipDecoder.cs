using System.Text.Json.Nodes;
using QuantBuild.Compiler.Calibration;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Stages;
using QuantBuild.Compiler.Store;
using QuantBuild.Imaging;
using QuantBuild.Models.Wan;
using QuantBuild.Pipelines;
using QuantBuild.SafeTensors;

namespace QuantBuild.Compiler.Evaluation;

/// <summary>Decodes the latents of an evaluation and compares their frames; frames go through the store.</summary>
/// <param name="context">The build.</param>
/// <param name="lines">The samples' lines.</param>
/// <param name="set">The samples.</param>
/// <param name="clips">Given every decoded video; may be null.</param>
internal sealed class ClipDecoder(BuildContext context, SampleSet lines, CalibrationSet set, Action<EvaluatedClip>? clips)
{
    private const string Frames = "frames";

    private readonly EncoderSource _source = EncoderSource.Open(context, context.Plan.Experts[0].Config);
    private BlobRef[] _reference = [];

    /// <summary>Whether a checkpoint has an autoencoder, with what belongs to it.</summary>
    public static bool IsPossible(string checkpoint)
    {
        try
        {
            WanEncoders.Require(checkpoint);
            return true;
        }
        catch (InvalidDataException)
        {
            return false;
        }
    }

    /// <summary>Decodes a method's latents and measures them against those of the first method, which is full precision.</summary>
    /// <param name="method">The method.</param>
    /// <param name="latents">Its final latents as stored, in the order of the samples.</param>
    /// <param name="observer">Follows the work.</param>
    public VideoQuality Measure(string method, IReadOnlyList<BlobRef> latents, IBuildObserver observer)
    {
        observer.PhaseStarted($"Decode {method}", latents.Count);
        // One after the other: the autoencoder uses all threads by itself.
        BlobRef[] blobs = [.. latents.Select((latent, i) => Decode(method, set.Samples[i], latent))];
        bool isReference = _reference.Length == 0;
        if (isReference)
            _reference = blobs;
        var (psnr, ssim, first, flicker) = (new List<double>(), new List<double>(), new List<double>(), new List<double>());
        for (int i = 0; i < blobs.Length; i++)
        {
            List<Image> frames = Read(blobs[i]);
            SampleLine line = lines.Lines[i];
            clips?.Invoke(new EvaluatedClip(method, line.Prompt, lines.Lines.Take(i).Count(earlier => earlier.Prompt == line.Prompt), frames));
            flicker.Add(FrameMetrics.Flicker(frames));
            if (line.Image is not null && File.Exists(line.Image))
                first.Add(FrameMetrics.Psnr([frames[0]], [FirstFrame.Resize(Load(line), frames[0].Height, frames[0].Width)]));
            if (isReference)
                continue;
            List<Image> reference = Read(_reference[i]);
            psnr.Add(FrameMetrics.Psnr(frames, reference));
            ssim.Add(FrameMetrics.Ssim(frames, reference));
        }
        return new VideoQuality(Mean(psnr), Mean(ssim), Mean(first), flicker.Average());
    }

    /// <summary>The first frame that a line names; prepared samples need none, but one that is there must be a picture.</summary>
    private static Image Load(SampleLine line)
    {
        try
        {
            return Image.Load(line.Image!);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            throw new DiagnosticException(Descriptors.CalibrationPicture.At(line.Span, line.Image, e.Message), e);
        }
    }

    private BlobRef Decode(string method, CalibrationSample sample, BlobRef latent)
    {
        var shape = new JsonArray(sample.Shape.Frames, sample.Shape.Height, sample.Shape.Width);
        var spec = new ActionSpec(Stage.Decode, "", FormattableString.Invariant($"{method} sample {sample.Id:000}"), new JsonObject { ["shape"] = shape },
            [KeyValuePair.Create("latent", latent.Digest), KeyValuePair.Create("vae", _source.Vae)]);
        return context.Runner.Run(spec, () =>
        {
            using SafeTensorsFile file = context.Store.OpenTensors(latent);
            IReadOnlyList<Image> frames = _source.Encoders.Decode(sample.Shape, file.ReadFloat32("latent"), context.Budget.Threads, ct: context.Cancellation);
            _source.RequireUnchanged();
            return Outputs.Of(Frames, context.Store.StoreTensors(new TensorData(Frames, DType.U8, [frames.Count, frames[0].Height, frames[0].Width, 3], stream =>
            {
                foreach (Image frame in frames)
                    stream.Write(frame.Pixels.Span);
            })));
        }, context.Cancellation)!.Outputs[Frames];
    }

    private List<Image> Read(BlobRef blob)
    {
        using SafeTensorsFile file = context.Store.OpenTensors(blob);
        IReadOnlyList<long> shape = file.Tensors[Frames].Shape;
        (int height, int width) = ((int)shape[1], (int)shape[2]);
        int length = 3 * height * width;
        return [.. Enumerable.Range(0, (int)shape[0]).Select(i => new Image(width, height, file.Bytes(Frames, (long)i * length, length).ToArray()))];
    }

    private static double? Mean(List<double> values) => values.Count == 0 ? null : values.Average();
}
