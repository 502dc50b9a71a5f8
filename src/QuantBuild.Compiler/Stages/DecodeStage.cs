using System.Text.Json.Nodes;
using QuantBuild.Compiler.Actions;
using QuantBuild.Compiler.Calibration;
using QuantBuild.Compiler.Store;
using QuantBuild.Compiler.Work;
using QuantBuild.Imaging;
using QuantBuild.SafeTensors;

namespace QuantBuild.Compiler.Stages;

/// <summary>Decodes the final latent of an evaluation.</summary>
internal sealed class DecodeStage() : Stage<DecodeSubject, DecodeStage.Result>("Decode", 1,
    new StageText("method and evaluated sample", "final latent, autoencoder", "frames"),
    new StageOption<DecodeSubject>("shape", subject =>
        new JsonArray(subject.Sample.Shape.Frames, subject.Sample.Shape.Height, subject.Sample.Shape.Width)))
{
    private const string Frames = "frames";

    /// <summary>What the action stores.</summary>
    /// <param name="Frames">Blob with <c>frames</c> U8 [frames, height, width, 3].</param>
    public sealed record Result(BlobRef Frames);

    /// <inheritdoc/>
    public override ComputeGroup Group => ComputeGroup.Model;

    /// <inheritdoc/>
    public override string NameOf(DecodeSubject subject) => EvaluateStage.NameOf(subject.Method, subject.Sample.Id);

    /// <inheritdoc/>
    public override Result Read(IBlobFiles store, IReadOnlyDictionary<string, BlobRef> outputs) => new(outputs[Frames]);

    /// <summary>The frames of a result.</summary>
    public static IReadOnlyList<Image> ReadFrames(IBlobFiles store, Result result)
    {
        using SafeTensorsFile file = store.OpenTensors(result.Frames);
        IReadOnlyList<long> shape = file.Tensors[Frames].Shape;
        (int height, int width) = ((int)shape[1], (int)shape[2]);
        int length = 3 * height * width;
        return [.. Enumerable.Range(0, (int)shape[0])
            .Select(i => new Image(width, height, file.Bytes(Frames, (long)i * length, length).ToArray()))];
    }

    /// <summary>The frames of a latent. The autoencoder uses all threads by itself.</summary>
    public Result Run(BuildContext context, EncoderSource source, DecodeSubject subject, EvaluateStage.Result latent) =>
        context.RunUnbudgeted(this, subject,
        [KeyValuePair.Create("latent", latent.Latent.Digest), KeyValuePair.Create("vae", source.Vae)], () =>
        {
            IReadOnlyList<Image> frames = source.Encoders.Decode(subject.Sample.Shape, EvaluateStage.ReadLatent(context.Store, latent),
                context.Budget.Threads, ct: context.Cancellation);
            source.RequireUnchanged();
            return Outputs.Of(Frames,
                context.Store.StoreTensors(new TensorData(Frames, DType.U8, [frames.Count, frames[0].Height, frames[0].Width, 3], stream =>
            {
                foreach (Image frame in frames)
                    stream.Write(frame.Pixels.Span);
            })));
        })!;
}

/// <summary>A final latent to decode.</summary>
/// <param name="Method">The model's name among the compared methods.</param>
/// <param name="Sample">The sample.</param>
internal sealed record DecodeSubject(string Method, CalibrationSample Sample);
