using QuantBuild.Kernels;

namespace QuantBuild.Compiler.Quantizers;

/// <summary>How far quantized forms of a layer are from the full-precision layer, on recorded tokens.</summary>
/// <remarks>
/// <c>Y = X W^T</c> and <c>Yhat = Q(X/s) Wq^T + ((X/s) A^T) B^T</c>, both float32: Yhat is one chain over the input channels of
/// the main branch and then the rank of the other.  The bias is the same in both and left out.  Sums are double: every token adds up
/// its outputs in tiles of <see cref="OutputsAtOnce"/> (<see cref="FixedSums"/> within a tile, tiles in order), tokens are added in order.
/// </remarks>
public static class LayerError
{
    private const int TokensAtOnce = 1024;
    private const int OutputsAtOnce = 512;

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
        int channels = x.Columns, mostTokens = Math.Min(TokensAtOnce, x.Rows), mostOutputs = Math.Min(OutputsAtOnce, weight.Rows);
        MeasuredInput[] inputs = [.. distinct.Select(layer => new MeasuredInput(layer, mostTokens))];
        var tile = new float[mostOutputs * channels];
        var expected = new float[mostTokens * mostOutputs];
        var actual = new float[mostTokens * mostOutputs];
        var sums = new ErrorSums[distinct.Length];
        for (int first = 0; first < x.Rows; first += TokensAtOnce)
        {
            int tokens = Math.Min(TokensAtOnce, x.Rows - first);
            ReadOnlyMatrixView input = x.Slice(first, 0, tokens, channels);
            foreach (MeasuredInput prepared in inputs)
                prepared.Load(input, threads);
            var perToken = new ErrorSums[distinct.Length, tokens];
            for (int output = 0; output < weight.Rows; output += OutputsAtOnce)
            {
                int outputs = Math.Min(OutputsAtOnce, weight.Rows - output);
                var y = new MatrixView(expected.AsSpan(0, tokens * outputs), tokens, outputs);
                var yHat = new MatrixView(actual.AsSpan(0, tokens * outputs), tokens, outputs);
                Gemm.Multiply(input, weight.Slice(output, 0, outputs, channels).Transposed, y, GemmMode.Overwrite, threads);
                for (int layer = 0; layer < distinct.Length; layer++)
                {
                    var rounded = new MatrixView(tile.AsSpan(0, outputs * channels), outputs, channels);
                    distinct[layer].Weight.Dequantize(output, rounded);
                    inputs[layer].Multiply(rounded, output, yHat, threads);
                    for (int token = 0; token < tokens; token++)
                        perToken[layer, token] += Compare(Rows.Of(y, token), Rows.Of(yHat, token));
                }
            }
            for (int layer = 0; layer < distinct.Length; layer++)
            {
                for (int token = 0; token < tokens; token++)
                    sums[layer] += perToken[layer, token];
            }
        }
        foreach (ErrorSums sum in sums)
        {
            if (!double.IsFinite(sum.Reference + sum.Difference + sum.Product + sum.Output))
                throw new NumericException("layer output", "an unknown channel", float.NaN);
        }
        return [.. layers.Select(layer => sums[Array.IndexOf(distinct, layer)])];
    }

    private static ErrorSums Compare(ReadOnlySpan<float> expected, ReadOnlySpan<float> actual) => new(
        FixedSums.SquaredNorm(expected), FixedSums.SquaredDistance(expected, actual), FixedSums.Dot(expected, actual), FixedSums.SquaredNorm(actual));
}
