using System.Collections.Immutable;
using System.Runtime.InteropServices;
using QuantBuild.Compiler.Actions;
using QuantBuild.Compiler.Build;
using QuantBuild.Compiler.Calibration;
using QuantBuild.Compiler.Planning;
using QuantBuild.Compiler.Quantizers;
using QuantBuild.Compiler.Work;
using QuantBuild.Matrices;
using QuantBuild.SafeTensors;

namespace QuantBuild.Compiler.Evaluation;

/// <summary>
/// Errors of built layers, each alone, on tokens that no build has seen: what the evaluation samples show the full-precision model, sampled
/// as <c>eval</c> samples. <c>sum |Yq - Y|² / sum |Y|²</c> over all steps of a layer's expert.
/// </summary>
internal sealed class HeldOutErrors : IDisposable
{
    /// <summary>Guidance of both experts.</summary>
    private const double Guidance = 3.5;

    private readonly CompileSession _session;
    private readonly Recordings _recordings;

    /// <summary>Records the evaluation samples of a model, or takes what the store has of them.</summary>
    /// <param name="session">A manifest of the model.</param>
    /// <param name="data">The evaluation set.</param>
    /// <param name="tokens">Tokens per step and sample.</param>
    public HeldOutErrors(CompileSession session, string data, int tokens)
    {
        _session = session;
        Plan plan = session.Plan with
        {
            Manifest = session.Plan.Manifest with
            {
                Calibration = session.Plan.Manifest.Calibration with
                {
                    Data = data,
                    Samples = File.ReadLines(data).Count(line => line.Length > 0),
                    GuidanceHigh = Guidance,
                    GuidanceLow = Guidance,
                    TokensPerStep = tokens,
                },
            },
        };
        _recordings = ModelBuild.Calibrate(session.Context with { Plan = plan }, session.Sources, SilentObserver.Instance);
    }

    /// <summary>Errors by expert and layer.</summary>
    /// <param name="experts">Built experts.</param>
    public ImmutableSortedDictionary<string, double> Of(IEnumerable<BuiltExpert> experts) => experts
        .SelectMany(expert => expert.Layers.Select(layer =>
            KeyValuePair.Create($"{expert.Source.Plan.Name} {layer.Plan.Name}", Error(expert.Source, layer))))
        .ToImmutableSortedDictionary(StringComparer.Ordinal);

    /// <inheritdoc/>
    public void Dispose() => _recordings.Dispose();

    private double Error(ExpertSource source, BuiltLayer layer)
    {
        LayerPlan plan = layer.Plan;
        float[] weight = new float[plan.OutFeatures * plan.InFeatures];
        source.Checkpoint.ReadFloat32(plan.WeightName, weight);
        using SiteActivations tokens = SiteActivations.Open(_session.Store,
            _recordings.BySite![ActivationRecorder.OutputName(source.Plan.Name, plan.Block, plan.Site)]);
        (double reference, double difference) = (0, 0);
        for (int bin = 0; bin < source.Plan.Bins.Length; bin++)
        {
            ActivationQuantizer? quantizer = layer.Clips.Length == 0
                ? null
                : new ActivationQuantizer(layer.Clips[bin].Value.Setting, plan.Recipe.Activations.Ties);
            using var errors = new LayerError([new MeasuredLayer(Scale(layer), Branch(layer), Packed(layer), quantizer, layer.Rotation)],
                _session.Options.ThreadCount);
            foreach (Memory<float> portion in tokens.Portions(source.Plan.Bins[bin].Steps, LayerError.TokensAtOnce))
            {
                errors.Add(new ReadOnlyMatrixView(portion.Span, portion.Length / plan.InFeatures, plan.InFeatures),
                    new ReadOnlyMatrixView(weight, plan.OutFeatures, plan.InFeatures));
            }
            ErrorSums sums = errors.Finish().Single();
            (reference, difference) = (reference + sums.Reference, difference + sums.Difference);
        }
        return difference / reference;
    }

    private float[]? Scale(BuiltLayer layer)
    {
        if (layer.Smooth is not { } blob)
            return null;
        using SafeTensorsFile file = _session.Store.OpenTensors(blob);
        return file.ReadFloat32("scale");
    }

    private LowRankBranch? Branch(BuiltLayer layer)
    {
        if (layer.LowRank is not { } made)
            return null;
        using SafeTensorsFile file = _session.Store.OpenTensors(made.Factors);
        return LowRankBranch.FromBits(layer.Plan.OutFeatures, layer.Plan.InFeatures,
            MemoryMarshal.Cast<byte, ushort>(file.Bytes("up")).ToArray(), MemoryMarshal.Cast<byte, ushort>(file.Bytes("down")).ToArray());
    }

    private PackedWeight Packed(BuiltLayer layer)
    {
        using SafeTensorsFile file = _session.Store.OpenTensors(layer.Weights!.Weights);
        return new PackedWeight(layer.Plan.OutFeatures, layer.Plan.InFeatures, file.Bytes("codes").ToArray(), file.Bytes("scales")
            .ToArray());
    }
}
