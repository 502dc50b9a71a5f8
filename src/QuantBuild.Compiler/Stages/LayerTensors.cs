using System.Runtime.InteropServices;
using QuantBuild.Compiler.Calibration;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Planning;
using QuantBuild.Compiler.Quantizers;
using QuantBuild.Compiler.Store;
using QuantBuild.Kernels;
using QuantBuild.SafeTensors;

namespace QuantBuild.Compiler.Stages;

/// <summary>A layer's tensors in float32, read or computed when a stage first asks for them.</summary>
/// <param name="store">The store.</param>
/// <param name="source">The expert.</param>
/// <param name="layer">The layer.</param>
/// <param name="smooth">Its smoothing vector; null for none.</param>
/// <param name="lowRank">Its low-rank branch; null for none, or when it is not made yet.</param>
/// <param name="weights">Its rounded residual; null when it is not made yet.</param>
internal sealed class LayerTensors(ContentStore store, ExpertSource source, LayerPlan layer, BlobRef? smooth, BlobRef? lowRank, BlobRef? weights)
{
    private readonly float[] _scale = smooth is { } blob ? ReadAll(store, blob, "scale") : [];
    private float[]? _weight;
    private float[]? _residual;
    private PackedWeight? _packed;
    private LowRankBranch? _branch;

    /// <summary>The smoothing vector, [in]; empty for none.</summary>
    public float[] Scale => _scale;

    /// <summary>The source weight, [out, in].</summary>
    public ReadOnlyMatrixView Weight => Matrix(_weight ??= source.ReadWeight(layer));

    /// <summary>The low-rank branch; null for none.</summary>
    public LowRankBranch? Branch => lowRank is { } blob ? _branch ??= ReadBranch(blob) : null;

    /// <summary>Smoothed weight without the low-rank branch: what the 4-bit main branch stands for, [out, in].</summary>
    public ReadOnlyMatrixView Residual => Matrix(_residual ??= ComputeResidual());

    /// <summary>The residual in 4 bits.</summary>
    public PackedWeight Packed => _packed ??= ReadPacked();

    /// <summary>A new copy of the smoothed weight, [out, in].</summary>
    public float[] CopySmoothed()
    {
        float[] smoothed = Weight.Data.ToArray();
        if (Scale.Length > 0)
            Smoothing.ApplyToWeight(new MatrixView(smoothed, layer.OutFeatures, layer.InFeatures), Scale);
        return smoothed;
    }

    /// <summary>The inputs of a stage of this layer, for its key.</summary>
    public static IEnumerable<KeyValuePair<string, Digest>> Inputs(ExpertSource source, LayerPlan layer, BlobRef? smooth, BlobRef? lowRank, BlobRef? weights,
        IReadOnlyList<Digest> recordings) =>
        Stages.Inputs.Of(recordings)
            .Append(KeyValuePair.Create("weight", source.Digests[layer.WeightName]))
            .Concat(Stages.Inputs.Of("smooth", smooth))
            .Concat(Stages.Inputs.Of("lowrank", lowRank))
            .Concat(Stages.Inputs.Of("weights", weights));

    /// <summary>Runs a stage's arithmetic; a value that is not finite becomes a diagnostic with the layer's name.</summary>
    public static IReadOnlyDictionary<string, BlobRef> Guard(ExpertSource source, LayerPlan layer, Func<IReadOnlyDictionary<string, BlobRef>> work)
    {
        try
        {
            return work();
        }
        catch (NumericException e)
        {
            throw new DiagnosticException(e.ToDiagnostic($"{source.Plan.Name} {layer.Name}"), e);
        }
    }

    private ReadOnlyMatrixView Matrix(float[] values) => new(values, layer.OutFeatures, layer.InFeatures);

    private float[] ComputeResidual()
    {
        float[] residual = CopySmoothed();
        Branch?.SubtractFrom(new MatrixView(residual, layer.OutFeatures, layer.InFeatures));
        return residual;
    }

    private PackedWeight ReadPacked()
    {
        using SafeTensorsFile file = store.OpenTensors(weights ?? throw new InvalidOperationException("the weights are not made yet"));
        return new PackedWeight(layer.OutFeatures, layer.InFeatures, file.Bytes("codes").ToArray(), file.Bytes("scales").ToArray());
    }

    private LowRankBranch ReadBranch(BlobRef blob)
    {
        using SafeTensorsFile file = store.OpenTensors(blob);
        return LowRankBranch.FromBits(layer.OutFeatures, layer.InFeatures,
            MemoryMarshal.Cast<byte, ushort>(file.Bytes("up")).ToArray(), MemoryMarshal.Cast<byte, ushort>(file.Bytes("down")).ToArray());
    }

    private static float[] ReadAll(ContentStore store, BlobRef blob, string name)
    {
        using SafeTensorsFile file = store.OpenTensors(blob);
        return file.ReadFloat32(name);
    }
}
