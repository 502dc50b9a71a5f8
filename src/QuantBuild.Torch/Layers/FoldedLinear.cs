using QuantBuild.Formats;
using QuantBuild.Models;
using QuantBuild.Torch.Formats;
using QuantBuild.Torch.Tensors;
using TorchSharp;
using static TorchSharp.torch;

namespace QuantBuild.Torch.Layers;

/// <summary>A layer of 4-bit weights and activations whose main branch is a product of FP8 operands; see <see cref="Fp8Fold"/>.</summary>
/// <remarks>
/// A token whose blocks do not fit the fold is multiplied in float32 instead. Low-rank branch and bias are added to the product with sums
/// in float32: to one in float32, which is rounded at the end; to one in bfloat16 as <see cref="BranchColumns"/>.
/// </remarks>
internal sealed class FoldedLinear : ITorchLinear
{
    // Rows and columns that the product takes are multiples of it.
    private const int Multiple = 16;

    // Of bfloat16 operands, as tensor cores want.
    private const int ColumnMultiple = 8;

    private readonly QuantizedLayer _layer;
    private readonly TensorSpace _space;
    private readonly IScaledProduct _product;
    private readonly LayerInput _input;
    private readonly Fp8Fold.Rows _weight;
    private readonly Tensor? _up;
    private readonly Tensor? _bias;
    private readonly BranchColumns? _columns;
    private readonly Tensor? _columnsOfWeight;

    private FoldedLinear(QuantizedLayer layer, TensorSpace space, IInputQuantizer quantizer, IScaledProduct product, Fp8Fold.Rows weight)
    {
        _layer = layer;
        _space = space;
        _product = product;
        _weight = weight;
        _input = new LayerInput(layer, space, quantizer);
        if (product.IsByRow)
        {
            _columns = new BranchColumns(layer, space);
            _columnsOfWeight = empty([layer.OutFeatures, Filled(_columns.Count)], dtype: space.Type, device: space.Device)
                .DetachFromDisposeScope();
            using DisposeScope scope = NewDisposeScope();
            _columns.FillWeight(_columnsOfWeight);
            return;
        }
        _up = layer.Rank == 0 ? null : space.Of(layer.Up.Span, layer.OutFeatures, layer.Rank).DetachFromDisposeScope();
        _bias = layer.Bias.IsEmpty ? null : space.Of(layer.Bias.Span, layer.OutFeatures).DetachFromDisposeScope();
    }

    /// <summary>Tokens that did not fit the fold, since the layer was made.</summary>
    public long Misfits { get; private set; }

    /// <summary>Folds a layer.</summary>
    /// <param name="layer">Its parameters.</param>
    /// <param name="space">Where to.</param>
    /// <param name="tables">The tables of the device.</param>
    /// <param name="quantizer">Rounds inputs there; must outlive the layer.</param>
    /// <param name="product">The product; must outlive the layer.</param>
    /// <param name="misfits">Rows of the weight that do not fit.</param>
    /// <returns>
    /// The layer; null when a row does not fit, or the layer is of another kind or of a size that the product does not take.
    /// </returns>
    public static FoldedLinear? TryFold(QuantizedLayer layer, TensorSpace space, Mxfp4Tables tables, IInputQuantizer quantizer,
        IScaledProduct product, out long misfits)
    {
        layer.Check();
        misfits = 0;
        if (layer.Activations is null or { IsMixed: true } || layer.OutFeatures % Multiple != 0)
            return null;
        Fp8Fold.Rows weight = Fold(layer, space, tables);
        misfits = Fp8Fold.Misfits(weight);
        if (misfits == 0)
            return new FoldedLinear(layer, space, quantizer, product, weight);
        Release(weight);
        return null;
    }

    /// <inheritdoc/>
    public Tensor Apply(Tensor x, int timestep)
    {
        using DisposeScope scope = NewDisposeScope();
        (Fp8Fold.Rows rows, Tensor? projected) = _input.Fold(x, timestep);
        Tensor y = _product.Multiply(rows, _weight);
        if (Fp8Fold.Misfits(rows) is var misfits and > 0)
        {
            Misfits += misfits;
            Tensor which = rows.Fits.logical_not().nonzero().view(-1), apart = x.index_select(0, which);
            Tensor values = zeros([misfits, _weight.Values.shape[1]], dtype: ScalarType.Float32, device: _space.Device);
            _input.Round(apart, timestep, values.narrow(1, 0, _layer.InFeatures));
            y.index_copy_(0, which, nn.functional.linear(values, Fp8Fold.Unfold(_weight)).to(y.dtype));
        }
        if (_columns is not null)
        {
            // In place, with operands of bfloat16: the result, the largest tensor here, is read and written once more and no more than
            // that.
            Tensor columns = empty([x.shape[0], _columnsOfWeight!.shape[1]], dtype: _space.Type, device: _space.Device);
            _columns.FillInput(projected, columns);
            return y.addmm_(columns, _columnsOfWeight.t(), beta: 1, alpha: 1).MoveToOuterDisposeScope();
        }
        if (_bias is not null)
            y.Accumulate(_bias);
        if (projected is not null)
            y = y.addmm(projected, _up!.t());
        return y.to(_space.Type).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _input.Dispose();
        Release(_weight);
        _up?.Dispose();
        _bias?.Dispose();
        _columns?.Dispose();
        _columnsOfWeight?.Dispose();
    }

    private static int Filled(int columns) => (columns + ColumnMultiple - 1) / ColumnMultiple * ColumnMultiple;

    private static void Release(Fp8Fold.Rows rows)
    {
        rows.Values.Dispose();
        rows.Scales.Dispose();
        rows.Fits.Dispose();
    }

    private static Fp8Fold.Rows Fold(QuantizedLayer layer, TensorSpace space, Mxfp4Tables tables)
    {
        int rows = layer.OutFeatures, columns = Mxfp4.Blocks(layer.InFeatures) * Mxfp4.BlockSize;
        Tensor values = empty([rows, columns], dtype: Fp8Fold.E4M3, device: space.Device).DetachFromDisposeScope();
        Tensor scales = empty([rows, 1], dtype: ScalarType.Float32, device: space.Device).DetachFromDisposeScope();
        Tensor fits = empty([rows], dtype: ScalarType.Bool, device: space.Device).DetachFromDisposeScope();
        Mxfp4Weights.ForRows(layer.Codes.Span, layer.Scales.Span, rows, layer.InFeatures, space.Device, tables, (first, units, scale) =>
        {
            Fp8Fold.Rows some = Fp8Fold.Fold(units, scale, tables);
            values.narrow(0, first, units.shape[0]).copy_(some.Values);
            scales.narrow(0, first, units.shape[0]).copy_(some.Scales);
            fits.narrow(0, first, units.shape[0]).copy_(some.Fits);
        });
        return new Fp8Fold.Rows(values, scales, fits);
    }
}
