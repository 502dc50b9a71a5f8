using QuantBuild.Kernels;
using QuantBuild.Matrices;

namespace QuantBuild.Compiler.Quantizers;

/// <summary>
/// The buffers to compare a portion of tokens, one tile of outputs after another; their size does not depend on the token count.
/// </summary>
internal sealed class MeasuredPortion : IDisposable
{
    private const int OutputsAtOnce = 512;

    private readonly MeasuredLayer[] _layers;
    private readonly MeasuredInput[] _inputs;
    private readonly float[] _expected;
    private readonly float[] _actual;

    public MeasuredPortion(MeasuredLayer[] layers, int mostTokens, int outputs)
    {
        int tile = Math.Min(OutputsAtOnce, outputs);
        _layers = layers;
        MostTokens = mostTokens;
        _inputs = [.. layers.Select(layer => new MeasuredInput(layer, mostTokens, tile))];
        _expected = new float[mostTokens * tile];
        _actual = new float[mostTokens * tile];
    }

    /// <summary>Most tokens of one call.</summary>
    public int MostTokens { get; }

    /// <summary>Adds the errors of every layer on these tokens to <paramref name="sums"/>.</summary>
    public void Add(ReadOnlyMatrixView x, ReadOnlyMatrixView weight, ErrorSums[] sums, int threads, CancellationToken ct)
    {
        foreach (MeasuredInput input in _inputs)
            input.Load(x, threads, ct);
        var perToken = new ErrorSums[_layers.Length, x.Rows];
        for (int first = 0; first < weight.Rows; first += OutputsAtOnce)
        {
            int outputs = Math.Min(OutputsAtOnce, weight.Rows - first);
            var y = new MatrixView(_expected.AsSpan(0, x.Rows * outputs), x.Rows, outputs);
            var yHat = new MatrixView(_actual.AsSpan(0, x.Rows * outputs), x.Rows, outputs);
            Gemm.Multiply(x, weight.Slice(first, 0, outputs, weight.Columns).Transposed, y, GemmMode.Overwrite, threads, ct);
            for (int layer = 0; layer < _layers.Length; layer++)
            {
                _inputs[layer].Multiply(first, yHat, threads, ct);
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

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (MeasuredInput input in _inputs)
            input.Dispose();
    }

    private static ErrorSums Compare(ReadOnlySpan<float> expected, ReadOnlySpan<float> actual) => new(
        FixedSums.SquaredNorm(expected), FixedSums.SquaredDistance(expected, actual), FixedSums.Dot(expected, actual),
            FixedSums.SquaredNorm(actual));
}
