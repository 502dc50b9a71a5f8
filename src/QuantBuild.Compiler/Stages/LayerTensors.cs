using QuantBuild.Formats;
using QuantBuild.Compiler.Manifests;
using System.Runtime.InteropServices;
using QuantBuild.Compiler.Actions;
using QuantBuild.Compiler.Calibration;
using QuantBuild.Compiler.Compute;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Planning;
using QuantBuild.Compiler.Quantizers;
using QuantBuild.Compiler.Store;
using QuantBuild.Compiler.Work;
using QuantBuild.SafeTensors;

namespace QuantBuild.Compiler.Stages;

/// <summary>A layer's data from checkpoint and store, read when a step first asks for it.</summary>
/// <param name="work">The layer.</param>
internal sealed class LayerTensors(LayerWork work) : ILayerData
{
    private readonly LayerPlan _layer = work.Layer;
    private PackedWeight? _packed;
    private LowRankBranch? _branch;

    /// <inheritdoc/>
    public LayerSpec Layer => _layer.Spec;

    /// <inheritdoc/>
    public ITensorSource Weights => work.Source.Checkpoint;

    /// <inheritdoc/>
    public Rotation Rotation => work.Rotation;

    /// <inheritdoc/>
    public IRecordedTokens Tokens => work.Activations;

    /// <inheritdoc/>
    public float[] Scale => field ??= work.Smooth is { } blob ? ReadAll(blob, "scale") : [];

    /// <inheritdoc/>
    public LowRankBranch? Branch => work.LowRank is { } made ? _branch ??= ReadBranch(made.Factors) : null;

    /// <inheritdoc/>
    public PackedWeight Packed => _packed ??= ReadPacked();

    /// <summary>The inputs of a stage of this layer, for its key.</summary>
    public static IEnumerable<KeyValuePair<string, Digest>> Inputs(LayerWork work, IReadOnlyList<Recording> recordings) =>
        Stages.Inputs.Of(recordings)
            .Append(KeyValuePair.Create("weight", work.Source.Digests[work.Layer.WeightName]))
            .Concat(Stages.Inputs.Of("smooth", work.Smooth))
            .Concat(Stages.Inputs.Of("rotation", work.ChosenRotation?.Blob))
            .Concat(Stages.Inputs.Of("lowrank", work.LowRank?.Factors))
            .Concat(Stages.Inputs.Of("weights", work.Weights?.Weights));

    /// <summary>Runs a stage's arithmetic; a value that is not finite becomes a diagnostic with the layer's name.</summary>
    public static IReadOnlyDictionary<string, BlobRef> Guard(ExpertSource source, LayerPlan layer, IReadOnlyList<Recording> recordings,
        Func<IReadOnlyDictionary<string, BlobRef>> compute)
    {
        try
        {
            IReadOnlyDictionary<string, BlobRef> outputs = compute();
            foreach (Recording recording in recordings)
                recording.RequireUnchanged();
            return outputs;
        }
        catch (NumericException e)
        {
            throw new DiagnosticException(e.ToDiagnostic($"{source.Plan.Name} {layer.Name}"), e);
        }
    }

    private PackedWeight ReadPacked()
    {
        using SafeTensorsFile file =
            work.Context.Store.OpenTensors(work.Weights?.Weights ?? throw new InvalidOperationException("the weights are not made yet"));
        return new PackedWeight(_layer.OutFeatures, _layer.InFeatures, file.Bytes("codes").ToArray(), file.Bytes("scales").ToArray());
    }

    private LowRankBranch ReadBranch(BlobRef blob)
    {
        using SafeTensorsFile file = work.Context.Store.OpenTensors(blob);
        return LowRankBranch.FromBits(_layer.OutFeatures, _layer.InFeatures,
            MemoryMarshal.Cast<byte, ushort>(file.Bytes("up")).ToArray(), MemoryMarshal.Cast<byte, ushort>(file.Bytes("down")).ToArray());
    }

    private float[] ReadAll(BlobRef blob, string name)
    {
        using SafeTensorsFile file = work.Context.Store.OpenTensors(blob);
        return file.ReadFloat32(name);
    }
}
