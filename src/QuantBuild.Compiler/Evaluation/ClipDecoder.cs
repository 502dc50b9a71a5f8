using QuantBuild.Compiler.Actions;
using QuantBuild.Compiler.Calibration;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Samples;
using QuantBuild.Compiler.Stages;
using QuantBuild.Compiler.Work;
using QuantBuild.Imaging;
using QuantBuild.Pipelines;

namespace QuantBuild.Compiler.Evaluation;

/// <summary>Decodes the latents of an evaluation and compares their frames; frames go through the store.</summary>
/// <param name="context">The build.</param>
/// <param name="lines">The samples' lines.</param>
/// <param name="set">The samples.</param>
/// <param name="clips">Given every decoded video; may be null.</param>
internal sealed class ClipDecoder(BuildContext context, SampleSet lines, CalibrationSet set, Action<EvaluatedClip>? clips)
{
    private readonly EncoderSource _source = EncoderSource.Open(context, context.Plan.Experts[0].Config);
    private DecodeStage.Result[] _reference = [];

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
    public VideoQuality Measure(string method, IReadOnlyList<EvaluateStage.Result> latents, IBuildObserver observer)
    {
        observer.PhaseStarted($"Decode {method}", latents.Count);
        // One after the other: the autoencoder uses all threads by itself.
        DecodeStage.Result[] decoded =
            [.. latents.Select((latent, i) => BuildStages.Decode.Run(context, _source, new DecodeSubject(method, set.Samples[i]), latent))];
        bool isReference = _reference.Length == 0;
        if (isReference)
            _reference = decoded;
        var (psnr, ssim, first, flicker) = (new List<double>(), new List<double>(), new List<double>(), new List<double>());
        for (int i = 0; i < decoded.Length; i++)
        {
            IReadOnlyList<Image> frames = DecodeStage.ReadFrames(context.Store, decoded[i]);
            SampleLine line = lines.Lines[i];
            clips?.Invoke(new EvaluatedClip(method, line.Prompt, lines.Lines.Take(i).Count(earlier => earlier.Prompt == line.Prompt),
                frames));
            flicker.Add(FrameMetrics.Flicker(frames));
            if (line.Image is not null && File.Exists(line.Image))
                first.Add(FrameMetrics.Psnr([frames[0]], [FirstFrame.Resize(Load(line), frames[0].Height, frames[0].Width)]));
            if (isReference)
                continue;
            IReadOnlyList<Image> reference = DecodeStage.ReadFrames(context.Store, _reference[i]);
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

    private static double? Mean(List<double> values) => values.Count == 0 ? null : values.Average();
}
