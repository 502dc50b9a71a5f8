using QuantBuild.Kernels;

namespace QuantBuild.Compiler.Quantizers;

/// <summary>How far quantized forms of a layer are from the full-precision layer, on recorded tokens.</summary>
/// <remarks>
/// <c>Y = X W^T</c> and <c>Yhat = Q(X/s) Wq^T + ((X/s) A^T) B^T</c>, both float32: Yhat is what the runtime
/// computes, an exact integer product per 32-block (<see cref="Mxfp4Product"/>; one chain over the input channels where activations are
/// left) and then the rank of the other branch.  The bias is the same in both and left out.  Sums are double: every token adds up
/// its outputs tile by tile (<see cref="FixedSums"/> within a tile, tiles in order), tokens are added in order.
/// </remarks>
public static class LayerError
{
    private const int TokensAtOnce = 1024;

    /// <summary>Measures several forms of one layer on the same tokens.</summary>
    /// <param name="x">Activations as recorded, [tokens, in], row-major.</param>
    /// <param name="weight">W in full precision, [out, in], row-major.</param>
    /// <param name="layers">The quantized forms.</param>
    /// <param name="threads">Threads to use; the result does not depend on it.</param>
    /// <returns>One result per form; no tokens give zeros.</returns>
    /// <exception cref="NumericException">A weight or activation is not finite, or an output overflowed.</exception>
    public static ErrorSums[] Measure(ReadOnlyMatrixView x, ReadOnlyMatrixView weight, IReadOnlyList<MeasuredLayer> layers, int threads = 1)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(weight.Columns, x.Columns);
        foreach (MeasuredLayer layer in layers)
        {
            ArgumentOutOfRangeException.ThrowIfNotEqual(layer.Weight.Columns, weight.Columns, nameof(layers));
            ArgumentOutOfRangeException.ThrowIfNotEqual(layer.Weight.Rows, weight.Rows, nameof(layers));
        }
        Finite.Check(NumericException.Activation, x);
        Finite.Check(NumericException.Weight, weight);

        MeasuredLayer[] distinct = [.. layers.Distinct()];
        var sums = new ErrorSums[distinct.Length];
        using var portion = new MeasuredPortion(distinct, Math.Min(TokensAtOnce, x.Rows), weight.Rows);
        for (int first = 0; first < x.Rows; first += TokensAtOnce)
            portion.Add(x.Slice(first, 0, Math.Min(TokensAtOnce, x.Rows - first), x.Columns), weight, sums, threads);
        foreach (ErrorSums sum in sums)
        {
            if (!double.IsFinite(sum.Reference + sum.Difference + sum.Product + sum.Output))
                throw new NumericException("layer output", "some token and channel", float.NaN);
        }
        return [.. layers.Select(layer => sums[Array.IndexOf(distinct, layer)])];
    }
}
