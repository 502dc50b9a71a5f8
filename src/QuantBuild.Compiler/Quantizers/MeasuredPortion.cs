using QuantBuild.Kernels;

namespace QuantBuild.Compiler.Quantizers;

/// <summary>The buffers to compare a portion of tokens, one tile of outputs after another; their size does not depend on the token count.</summary>
internal sealed class MeasuredPortion
{
    private const int OutputsAtOnce = 512;

    private readonly MeasuredLayer[] _layers;
    private readonly MeasuredInput[] _inputs;
    private readonly float[] _rounded;
    private readonly float[] _expected;
    private readonly float[] _actual;

    public MeasuredPortion(MeasuredLayer[] layers, int mostTokens, int outputs, int channels)
    {
        int tile = Math.Min(OutputsAtOnce, outputs);
        _layers = layers;
        _inputs = [.. layers.Select(layer => new MeasuredInput(layer, mostTokens))];
        _rounded = new float[tile * channels];
        _expected = new float[mostTokens * tile];
        _actual = new float[mostTokens * tile];
    }

    /// <summary>Adds the errors of every layer on these tokens to <paramref name="sums"/>.</summary>
    public void Add(ReadOnlyMatrixView x, ReadOnlyMatrixView weight, ErrorSums[] sums, int threads)
    {
        foreach (MeasuredInput input in _inputs)
            input.Load(x, threads);
        var perToken = new ErrorSums[_layers.Length, x.Rows];
        for (int first = 0; first < weight.Rows; first += OutputsAtOnce)
        {
            int outputs = Math.Min(OutputsAtOnce, weight.Rows - first);
            var y = new MatrixView(_expected.AsSpan(0, x.Rows * outputs), x.Rows, outputs);
            var yHat = new MatrixView(_actual.AsSpan(0, x.Rows * outputs), x.Rows, outputs);
            var rounded = new MatrixView(_rounded.AsSpan(0, outputs * weight.Columns), outputs, weight.Columns);
            Gemm.Multiply(x, weight.Slice(first, 0, outputs, weight.Columns).Transposed, y, GemmMode.Overwrite, threads);
            for (int layer = 0; layer < _layers.Length; layer++)
            {
                _layers[layer].Weight.Dequantize(first, rounded);
                _inputs[layer].Multiply(rounded, first, yHat, threads);
                for (int token = 0; token < x.Rows; token++)
                    perToken[layer, token] += Compare(Rows.Of(y, token), Rows.Of(yHat, token));
            }
        }
        for (int layer = 0; layer < _layers.Length; layer++)
        {
            for (int token = 0; token < x.Rows; token++)
                sums[layer] += perToken[layer, token];
        }
    }

    private static ErrorSums Compare(ReadOnlySpan<float> expected, ReadOnlySpan<float> actual) => new(
        FixedSums.SquaredNorm(expected), FixedSums.SquaredDistance(expected, actual), FixedSums.Dot(expected, actual), FixedSums.SquaredNorm(actual));
}
