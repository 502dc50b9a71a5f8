using QuantBuild.Kernels;
using QuantBuild.Matrices;

namespace QuantBuild.Compiler.Quantizers;

/// <summary>A few rows of a weight, evenly spread, to try something on before it is done to all.</summary>
internal static class WeightRows
{
    /// <summary>Most rows.</summary>
    public const int Most = 128;

    /// <summary><c>P = W - B A</c> in some rows.</summary>
    /// <param name="branch">B A.</param>
    /// <param name="weight">W, [out, in], row-major.</param>
    /// <param name="threads">Threads to use; the result does not depend on it.</param>
    /// <param name="ct">Ends the work between blocks.</param>
    /// <returns>[rows, in].</returns>
    public static float[] Without(LowRankBranch branch, ReadOnlyMatrixView weight, int threads, CancellationToken ct)
    {
        int count = Math.Min(Most, weight.Rows), channels = weight.Columns, rank = branch.Rank;
        float[] rows = new float[(long)count * channels], up = new float[count * rank];
        for (int i = 0; i < count; i++)
        {
            int row = (int)((long)i * weight.Rows / count);
            Rows.Of(weight, row).CopyTo(rows.AsSpan(i * channels));
            branch.Up.AsSpan(row * rank, rank).CopyTo(up.AsSpan(i * rank));
        }
        if (rank > 0)
        {
            Gemm.Multiply(new ReadOnlyMatrixView(up, count, rank), new ReadOnlyMatrixView(branch.Down, rank, channels),
                new MatrixView(rows, count, channels), GemmMode.Subtract, threads, ct);
        }
        return rows;
    }
}
