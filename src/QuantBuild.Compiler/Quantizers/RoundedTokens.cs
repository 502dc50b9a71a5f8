using QuantBuild.Kernels;
using QuantBuild.Matrices;

namespace QuantBuild.Compiler.Quantizers;

/// <summary>A portion of tokens as a layer's input u and as its main branch sees them, q = Q(u).</summary>
/// <param name="form">How activations become the input.</param>
internal sealed class RoundedTokens(InputForm form) : IDisposable
{
    private float[] _u = [];
    private float[] _q = [];
    private float[] _outputs = [];
    private int _tokens;

    /// <summary>u, [tokens, in].</summary>
    public MatrixView Input => new(_u.AsSpan(0, _tokens * form.Channels), _tokens, form.Channels);

    /// <summary>q, [tokens, in].</summary>
    public MatrixView Rounded => new(_q.AsSpan(0, _tokens * form.Channels), _tokens, form.Channels);

    /// <summary>Takes a portion.</summary>
    /// <param name="portion">Activations as recorded, [tokens, in].</param>
    /// <param name="quantizer">Q; null leaves u.</param>
    /// <param name="threads">Threads to use.</param>
    /// <exception cref="NumericException">An activation is not finite.</exception>
    public void Load(ReadOnlyMemory<float> portion, ActivationQuantizer? quantizer, int threads)
    {
        _tokens = portion.Length / form.Channels;
        if (_u.Length < portion.Length)
            (_u, _q) = (new float[portion.Length], new float[portion.Length]);
        var x = new ReadOnlyMatrixView(portion.Span, _tokens, form.Channels);
        FiniteValues.Check(NumericException.Activation, x, threads);
        RoundedInput.Of(x, form.Scale, form.Rotation, quantizer, Input, Rounded, threads);
    }

    /// <summary><c>sum over tokens and channels of w_k (u_k - q_k)²</c>.</summary>
    public double WeightedError(float[] importance, int threads)
    {
        var rows = new double[_tokens];
        (float[] u, float[] q, int channels) = (_u, _q, form.Channels);
        Workers.ForRanges(_tokens, 64, threads, () => new float[channels], (difference, first, count) =>
        {
            for (int row = first; row < first + count; row++)
            {
                for (int i = 0, at = row * channels; i < channels; i++, at++)
                    difference[i] = u[at] - q[at];
                rows[row] = FixedSums.WeightedSquares(difference, importance);
            }
        });
        return Sum(rows);
    }

    /// <summary><c>||u P^T - q T^T||²</c> over the tokens.</summary>
    /// <param name="exact">P, [rows, in], row-major.</param>
    /// <param name="rounded">T, the same shape.</param>
    /// <param name="threads">Threads to use; the result does not depend on it.</param>
    /// <param name="ct">Ends the work between blocks.</param>
    public double OutputError(ReadOnlyMatrixView exact, ReadOnlyMatrixView rounded, int threads, CancellationToken ct = default)
    {
        int length = _tokens * exact.Rows;
        if (_outputs.Length < length)
            _outputs = new float[length];
        var y = new MatrixView(_outputs.AsSpan(0, length), _tokens, exact.Rows);
        Gemm.Multiply(Input, exact.Transposed, y, GemmMode.Overwrite, threads, ct);
        Gemm.Multiply(Rounded, rounded.Transposed, y, GemmMode.Subtract, threads, ct);
        var rows = new double[_tokens];
        for (int row = 0; row < _tokens; row++)
            rows[row] = FixedSums.SquaredNorm(Rows.Of(y, row));
        return Sum(rows);
    }

    /// <inheritdoc/>
    public void Dispose() => (_u, _q, _outputs) = ([], [], []);

    private static double Sum(double[] rows)
    {
        double sum = 0;
        foreach (double row in rows)
            sum += row;
        return sum;
    }
}
