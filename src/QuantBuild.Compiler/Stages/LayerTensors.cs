using System.Runtime.InteropServices;
using QuantBuild.Compiler.Actions;
using QuantBuild.Compiler.Calibration;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Planning;
using QuantBuild.Compiler.Quantizers;
using QuantBuild.Compiler.Store;
using QuantBuild.Compiler.Work;
using QuantBuild.Matrices;
using QuantBuild.SafeTensors;

namespace QuantBuild.Compiler.Stages;

/// <summary>A layer's tensors in float32, read or computed when a stage first asks for them.</summary>
/// <remarks>
/// Of the weight's three forms (<see cref="Weight"/>, <see cref="Smoothed"/>, <see cref="Residual"/>) one is in memory at a time, in one
/// array: asking for another form ends the one before. The stages ask in an order in which each follows from the last.
/// </remarks>
/// <param name="work">The layer.</param>
internal sealed class LayerTensors(LayerWork work)
{
    private readonly LayerPlan _layer = work.Layer;
    private float[] _values = [];
    private Form _form;
    private PackedWeight? _packed;
    private LowRankBranch? _branch;

    private enum Form
    {
        None,
        Weight,
        Smoothed,
        Residual,
    }

    /// <summary>The smoothing vector, [in]; empty for none.</summary>
    public float[] Scale => field ??= work.Smooth is { } blob ? ReadAll(blob, "scale") : [];

    /// <summary>The source weight, [out, in].</summary>
    public ReadOnlyMatrixView Weight
    {
        get
        {
            if (_form != Form.Weight)
                Read();
            return Matrix;
        }
    }

    /// <summary>The smoothed weight, [out, in].</summary>
    public ReadOnlyMatrixView Smoothed
    {
        get
        {
            if (_form is Form.None or Form.Residual)
                Read();
            if (_form == Form.Weight && Scale.Length > 0)
                Smoothing.ApplyToWeight(Matrix, Scale, work.Threads);
            _form = Form.Smoothed;
            return Matrix;
        }
    }

    /// <summary>Smoothed weight without the low-rank branch: what the 4-bit main branch stands for, [out, in].</summary>
    public ReadOnlyMatrixView Residual
    {
        get
        {
            if (_form == Form.Residual)
                return Matrix;
            _ = Smoothed;
            Branch?.SubtractFrom(Matrix, work.Threads);
            _form = Form.Residual;
            return Matrix;
        }
    }

    /// <summary>The low-rank branch; null for none.</summary>
    public LowRankBranch? Branch => work.LowRank is { } made ? _branch ??= ReadBranch(made.Factors) : null;

    /// <summary>The residual in 4 bits.</summary>
    public PackedWeight Packed => _packed ??= ReadPacked();

    private MatrixView Matrix => new(_values, _layer.OutFeatures, _layer.InFeatures);

    /// <summary>The inputs of a stage of this layer, for its key.</summary>
    public static IEnumerable<KeyValuePair<string, Digest>> Inputs(LayerWork work, IReadOnlyList<Recording> recordings) =>
        Stages.Inputs.Of(recordings)
            .Append(KeyValuePair.Create("weight", work.Source.Digests[work.Layer.WeightName]))
            .Concat(Stages.Inputs.Of("smooth", work.Smooth))
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

    private void Read()
    {
        if (_values.Length == 0)
            _values = new float[(long)_layer.OutFeatures * _layer.InFeatures];
        work.Source.ReadWeight(_layer, _values);
        _form = Form.Weight;
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
