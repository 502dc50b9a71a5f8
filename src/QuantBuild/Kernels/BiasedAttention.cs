using QuantBuild.Matrices;

namespace QuantBuild.Kernels;

/// <summary>
/// Softmax attention with a position bias added to the scores and without the factor 1/sqrt(d), as in T5. All scores are in memory at once.
/// </summary>
/// <remarks>s = bias + q k^T by <see cref="Gemm"/>, p = e^(s - max s) times 1 / its sum as in <see cref="Attention"/>, o = p v.</remarks>
internal static class BiasedAttention
{
    /// <summary>Computes attention.</summary>
    /// <param name="q">Queries, [n, heads * d].</param>
    /// <param name="k">Keys, [n, heads * d].</param>
    /// <param name="v">Values, [n, heads * d].</param>
    /// <param name="bias">Added to the scores, [heads, n, n].</param>
    /// <param name="heads">Number of heads.</param>
    /// <param name="tokens">n.</param>
    /// <param name="output">Result, [n, heads * d]; must not overlap the inputs.</param>
    /// <param name="threads">Threads to use; the result does not depend on it.</param>
    /// <param name="ct">Cancels between heads.</param>
    public static void Apply(float[] q, float[] k, float[] v, float[] bias, int heads, int tokens, float[] output, int threads,
        CancellationToken ct = default)
    {
        int channels = output.Length / tokens, width = channels / heads;
        Workers.For(heads, threads, head =>
        {
            int column = head * width;
            var scores = new MatrixView(bias.AsSpan(head * tokens * tokens, tokens * tokens).ToArray(), tokens, tokens);
            ReadOnlyMatrixView keys = new ReadOnlyMatrixView(k, tokens, channels).Slice(0, column, tokens, width);
            Gemm.Multiply(new ReadOnlyMatrixView(q, tokens, channels).Slice(0, column, tokens, width), keys.Transposed, scores,
                GemmMode.Add, ct: ct);
            for (int row = 0; row < tokens; row++)
                Softmax(scores.Data.Slice(row * tokens, tokens));
            Gemm.Multiply(scores, new ReadOnlyMatrixView(v, tokens, channels).Slice(0, column, tokens, width),
                new MatrixView(output, tokens, channels).Slice(0, column, tokens, width), ct: ct);
        }, ct);
    }

    private static void Softmax(Span<float> row)
    {
        float factor = 1 / Attention.Exponentials(row, 1);
        for (int i = 0; i < row.Length; i++)
            row[i] *= factor;
    }
}
