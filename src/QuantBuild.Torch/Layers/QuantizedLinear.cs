using QuantBuild.Formats;
using QuantBuild.Models;
using QuantBuild.Torch.Formats;
using QuantBuild.Torch.Streaming;
using QuantBuild.Torch.Tensors;
using TorchSharp;
using static TorchSharp.torch;

namespace QuantBuild.Torch.Layers;

/// <summary>A layer of 4-bit weights and, as a rule, activations, with a low-rank branch beside it: eq. (11) of the paper.</summary>
/// <remarks>
/// <para>
/// <c>y = Q(x / s) Wq^T + bias + B (A (x / s))</c>. MXFP4 values are exact in bfloat16, so one product of bfloat16 operands summed in
/// float32 is the layer up to the order of sums. Low-rank branch and bias are columns of the same product, each float32 value as the sum of
/// two bfloat16 ones, so that the result is rounded once.
/// </para>
/// <para>In float32 the branch is a product of its own.</para>
/// </remarks>
internal sealed class QuantizedLinear : ITorchLinear
{
    // Columns are filled up to a multiple of it, as tensor cores want.
    private const int ColumnMultiple = 8;

    private readonly QuantizedLayer _layer;
    private readonly TensorSpace _space;
    private readonly StreamedCodes? _streamed;
    private readonly LayerInput _input;
    private readonly HeldTensor _weight;
    private readonly HeldTensor? _up;
    private readonly HeldTensor? _bias;
    private readonly BranchColumns? _columns;

    /// <summary>Brings a layer to the device.</summary>
    /// <param name="layer">Its parameters; with <see cref="WeightStorage.Mapped"/> they must stay valid.</param>
    /// <param name="space">Where to.</param>
    /// <param name="tables">The tables of the device; must outlive the layer.</param>
    /// <param name="quantizer">Rounds inputs there; must outlive the layer.</param>
    /// <param name="storage">Whether the decoded weight stays there.</param>
    /// <param name="streamed">Codes and scales that come with the layer's block, for a weight that does not; null for none.</param>
    /// <exception cref="ArgumentException">A parameter does not fit the layer's shape.</exception>
    public QuantizedLinear(QuantizedLayer layer, TensorSpace space, Mxfp4Tables tables, IInputQuantizer quantizer,
        WeightStorage storage, StreamedCodes? streamed = null)
    {
        layer.Check();
        _layer = layer;
        _space = space;
        _streamed = streamed;
        _input = new LayerInput(layer, space, quantizer);
        if (space.Type == ScalarType.Float32)
        {
            _weight = new HeldTensor(() => Decode(tables, layer.InFeatures), storage);
            _up = layer.Rank == 0 ? null : new HeldTensor(() => space.Of(layer.Up.Span, layer.OutFeatures, layer.Rank), storage);
            _bias = layer.Bias.IsEmpty ? null : new HeldTensor(() => space.Of(layer.Bias.Span, layer.OutFeatures), WeightStorage.Resident);
        }
        else
        {
            _columns = new BranchColumns(layer, space);
            _weight = new HeldTensor(() => Join(tables), storage);
        }
    }

    /// <inheritdoc/>
    public Tensor Apply(Tensor x, int timestep)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor weight = _weight.Use();
        // Of the bfloat16 weight, the branch and the bias are further columns.
        Tensor operand = empty([x.shape[0], weight.shape[1]], dtype: _space.Type, device: _space.Device);
        Tensor? projected = _input.Round(x, timestep, operand.narrow(1, 0, _layer.InFeatures));
        Tensor y;
        if (_space.Type == ScalarType.Float32)
        {
            y = nn.functional.linear(operand, weight, _bias?.Use());
            y = projected is null ? y : y.addmm(projected, _up!.Use().t());
        }
        else
        {
            _columns!.FillInput(projected, operand.narrow(1, _layer.InFeatures, weight.shape[1] - _layer.InFeatures));
            y = nn.functional.linear(operand, weight);
        }
        return y.MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _input.Dispose();
        _weight.Dispose();
        _up?.Dispose();
        _bias?.Dispose();
        _columns?.Dispose();
    }

    /// <summary>The weight with the columns of branch and bias.</summary>
    private Tensor Join(Mxfp4Tables tables)
    {
        int inFeatures = _layer.InFeatures, used = inFeatures + _columns!.Count;
        using DisposeScope scope = NewDisposeScope();
        Tensor weight = Decode(tables, (used + ColumnMultiple - 1) / ColumnMultiple * ColumnMultiple);
        _columns.FillWeight(weight.narrow(1, inFeatures, weight.shape[1] - inFeatures));
        return weight.MoveToOuterDisposeScope();
    }

    private Tensor Decode(Mxfp4Tables tables, long columns)
    {
        Tensor weight = empty([_layer.OutFeatures, columns], dtype: _space.Type, device: _space.Device);
        using Tensor main = weight.narrow(1, 0, _layer.InFeatures);
        if (_streamed is { IsHere: true } here)
            Mxfp4Weights.Decode(here.Codes.Here, here.Scales.Here, tables, main);
        else
            Mxfp4Weights.Decode(_layer.Codes.Span, _layer.Scales.Span, tables, main);
        return weight;
    }
}
