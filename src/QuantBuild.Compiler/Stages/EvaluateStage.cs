using System.Runtime.InteropServices;
using QuantBuild.Compiler.Actions;
using QuantBuild.Compiler.Calibration;
using QuantBuild.Compiler.Costs;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Planning;
using QuantBuild.Compiler.Store;
using QuantBuild.Compiler.Work;
using QuantBuild.Models.Wan;
using QuantBuild.SafeTensors;
using QuantBuild.Sampling;

namespace QuantBuild.Compiler.Stages;

/// <summary>Runs one evaluation sample through a model, quantized or not.</summary>
internal sealed class EvaluateStage() : Stage<EvaluateSubject, EvaluateStage.Result>("Evaluate", 2,
    new StageText("method and sample", "the artifact (or both experts' tensors and configuration), the sample, `null_context`",
        "final latent"),
    new("solver", subject => RecipeNames.Solver.NameOf(subject.Plan.Manifest.Calibration.Solver)),
    new("steps", subject => OptionsOf(subject.Plan).Steps),
    new("shift", subject => OptionsOf(subject.Plan).Shift),
    new("boundary", subject => OptionsOf(subject.Plan).Boundary),
    new("guidance", subject => OptionsOf(subject.Plan).GuidanceHigh),
    new("guidanceLow", subject => OptionsOf(subject.Plan) is var options && options.GuidanceLow != options.GuidanceHigh
        ? options.GuidanceLow : null),
    new("timesteps", subject => TrajectoryStage.TimestepsOf(subject.Plan.Manifest.Calibration)),
    new("repeat", subject => subject.Repeat > 0 ? subject.Repeat : null))
{
    /// <summary>Standard deviation of what a repetition adds to the initial noise, which has 1.</summary>
    private const float Shake = 1e-5f;

    private const string Latent = "latent";

    /// <summary>What the action stores.</summary>
    /// <param name="Latent">Blob with <c>latent</c> F32, the final latent.</param>
    public sealed record Result(BlobRef Latent);

    /// <summary>Name of an action.</summary>
    public static string NameOf(string method, int sample, int repeat = 0) =>
        FormattableString.Invariant($"{method} sample {sample:000}") + (repeat == 0 ? "" : FormattableString.Invariant($" again {repeat}"));

    /// <summary>Guidance that evaluation samples with: high noise, low noise.</summary>
    public static (double High, double Low) GuidanceOf(Plan plan)
    {
        SamplingOptions options = OptionsOf(plan);
        return (options.GuidanceHigh, options.GuidanceLow);
    }

    /// <inheritdoc/>
    public override ComputeGroup Group => ComputeGroup.Model;

    /// <inheritdoc/>
    public override string NameOf(EvaluateSubject subject) => NameOf(subject.Method, subject.Sample.Id, subject.Repeat);

    /// <inheritdoc/>
    public override long Bytes(EvaluateSubject subject, int threads) =>
        SamplingCost.Bytes(subject.Plan, subject.Sample.Shape, threads, is4Bit: true);

    /// <inheritdoc/>
    public override double Seconds(EvaluateSubject subject, MachineSpeed speed) =>
        SamplingCost.Seconds(subject.Plan, subject.Sample.Shape, speed);

    /// <inheritdoc/>
    public override Result Read(IBlobFiles store, IReadOnlyDictionary<string, BlobRef> outputs) => new(outputs[Latent]);

    /// <summary>The values of a result.</summary>
    public static float[] ReadLatent(IBlobFiles store, Result result)
    {
        using SafeTensorsFile file = store.OpenTensors(result.Latent);
        return MemoryMarshal.Cast<byte, float>(file.Bytes(Latent)).ToArray();
    }

    /// <summary>The final latent of a sample.</summary>
    /// <param name="context">The build.</param>
    /// <param name="subject">What is evaluated.</param>
    /// <param name="set">The set that the sample is of.</param>
    /// <param name="inputs">Digests of what the model consists of.</param>
    /// <param name="open">Opens one of its experts.</param>
    public Result Run(BuildContext context, EvaluateSubject subject, CalibrationSet set, IEnumerable<KeyValuePair<string, Digest>> inputs,
        Func<int, IDenoiser> open) =>
        context.Run(this, subject, inputs.Append(KeyValuePair.Create("sample", subject.Sample.Digest))
            .Append(KeyValuePair.Create("null_context", set.NullDigest)), threads =>
        {
            var sampler = new TwoExpertSampler(() => open(0), () => open(1));
            SampleTensors tensors = subject.Sample.Read();
            float[] latent = sampler.Run(OptionsOf(subject.Plan) with { Threads = threads }, subject.Sample.Shape,
                NoiseOf(subject, tensors), tensors.Conditioning,
                set.UnconditionedFor(tensors), ct: context.Cancellation);
            return Outputs.Of(Latent, context.Store.StoreTensors(TensorData.Of(Latent, [latent.Length], latent)));
        }, before: () => DeviceNeed.RequireModel(context, $"{Name} {NameOf(subject)}", subject.Sample.Shape, is4Bit: true))!;

    /// <summary>
    /// The sample's noise; in a repetition with a little other noise on top, which sampling amplifies as it does rounding.
    /// </summary>
    private static float[] NoiseOf(EvaluateSubject subject, SampleTensors tensors)
    {
        if (subject.Repeat == 0)
            return tensors.Noise;
        float[] noise = GaussianNoise.Draw(((long)subject.Repeat << 16) + subject.Sample.Id, tensors.Noise.Length);
        for (int i = 0; i < noise.Length; i++)
            noise[i] = tensors.Noise[i] + (Shake * noise[i]);
        return noise;
    }

    /// <summary>
    /// A model distilled to explicit timesteps is used with the guidance it was calibrated with, others with their own: 3.5 for image to
    /// video, as in the paper.
    /// </summary>
    private static SamplingOptions OptionsOf(Plan plan) => plan.Manifest.Calibration.Timesteps.IsEmpty
        ? TrajectoryStage.OptionsOf(plan) with
        {
            GuidanceHigh = plan.Manifest.Model.Architecture.GuidanceHigh,
            GuidanceLow = plan.Manifest.Model.Architecture.GuidanceLow,
        }
        : TrajectoryStage.OptionsOf(plan);
}

/// <summary>A sample and the model that it runs through.</summary>
/// <param name="Plan">The plan that says how to sample.</param>
/// <param name="Method">The model's name among the compared methods.</param>
/// <param name="Sample">The sample.</param>
/// <param name="Repeat">0, or the number of a repetition with slightly other noise.</param>
internal sealed record EvaluateSubject(Plan Plan, string Method, CalibrationSample Sample, int Repeat = 0);
