using QuantBuild.Compiler.LinearAlgebra;
using QuantBuild.Formats;
using QuantBuild.Kernels;
using QuantBuild.Matrices;

namespace QuantBuild.Compiler.Quantizers;

/// <summary>The branch of rank r that minimizes <c>tr((E - B A) U (E - B A)^T)</c> for a symmetric positive U.</summary>
/// <remarks>
/// With <c>U = R R^T</c> that is the truncated singular value decomposition of <c>E R</c>, and <c>B A = V V^T E</c> with the r first left
/// singular vectors V: eigenvectors of <c>E U E^T</c>. A subspace iteration finds them (Halko, Martinsson, Tropp 2011) by products of E and
/// U with narrow matrices alone, so that U is never factored. One pass squares the ratios of singular values of <c>E R</c>; a basis from an
/// earlier fit of nearly the same E needs few. Products are float32 (<see cref="Gemm"/>), bases double.
/// </remarks>
internal static class MetricBranch
{
    private const int Oversampling = 16;
    private const int BasisStep = 32;
    private const ulong Seed = 0x51424C53;

    /// <summary>Columns of the basis: at least 16 more than the rank, whole tiles.</summary>
    public static int WidthOf(int rank) => (rank + Oversampling + BasisStep - 1) / BasisStep * BasisStep;

    /// <summary>Finds the branch.</summary>
    /// <param name="e">E, [out, in], row-major.</param>
    /// <param name="metric">U, [in, in].</param>
    /// <param name="rank">r, above 0.</param>
    /// <param name="basis">Where to begin, [out, <see cref="WidthOf"/>], orthonormal; null for random signs. Not kept.</param>
    /// <param name="passes">Passes, at least 1.</param>
    /// <param name="threads">Threads to use; the result does not depend on it.</param>
    /// <param name="ct">Ends the work between blocks.</param>
    /// <returns>The branch, and the basis for the next fit.</returns>
    /// <exception cref="NumericException">A product overflows, or a factor in bfloat16.</exception>
    public static (LowRankBranch Branch, TallMatrix Basis) Fit(ReadOnlyMatrixView e, ReadOnlyMatrixView metric, int rank, TallMatrix? basis,
        int passes, int threads = 1, CancellationToken ct = default)
    {
        int width = WidthOf(rank), outputs = e.Rows, inputs = e.Columns;
        float[] narrow = new float[(long)outputs * width], first = new float[(long)inputs * width],
            second = new float[(long)inputs * width];
        if (basis is null)
            SignMatrix.Fill(narrow, width, Seed);
        else
            basis.Round(narrow);
        double[] r = [];
        for (int pass = 0; pass < passes; pass++)
        {
            Gemm.Multiply(e.Transposed, new(narrow, outputs, width), new(first, inputs, width), GemmMode.Overwrite, threads, ct);
            Gemm.Multiply(metric, new(first, inputs, width), new(second, inputs, width), GemmMode.Overwrite, threads, ct);
            Gemm.Multiply(e, new(second, inputs, width), new(narrow, outputs, width), GemmMode.Overwrite, threads, ct);
            if (!Finite.IsFinite(narrow))
                throw new NumericException("product of the weight error", "the low-rank branch", float.PositiveInfinity);
            (basis, r) = Orthonormalization.Factor(TallMatrix.From(narrow, outputs, width), threads, ct);
            basis.Round(narrow);
        }

        // E U E^T V = basis R, R = across S along^T: the left singular vectors are basis across.
        (_, _, TallMatrix across) = JacobiSvd.Decompose(r, width, width, rank, ct);
        TallMatrix vectors = basis!.Times(across.Data, rank, threads, ct);
        return (Factors(e, vectors, rank, threads, ct), basis);
    }

    /// <summary>B = V and A = V^T E, lengths shared evenly, the largest component of every column of B positive, in bfloat16.</summary>
    private static LowRankBranch Factors(ReadOnlyMatrixView e, TallMatrix vectors, int rank, int threads, CancellationToken ct)
    {
        int outputs = e.Rows, inputs = e.Columns;
        float[] up = new float[(long)outputs * rank], down = new float[(long)rank * inputs];
        vectors.Round(up);
        Gemm.Multiply(new ReadOnlyMatrixView(up, outputs, rank).Transposed, e, new MatrixView(down, rank, inputs), GemmMode.Overwrite,
            threads,
            ct);
        for (int k = 0; k < rank; k++)
        {
            Span<float> row = down.AsSpan(k * inputs, inputs);
            double root = Math.Sqrt(Math.Sqrt(FixedSums.SquaredNorm(row))), largest = 0;
            for (int o = 0; o < outputs; o++)
                largest = Math.Abs(vectors[o, k]) > Math.Abs(largest) ? vectors[o, k] : largest;
            double signed = largest < 0 ? -root : root;
            for (int o = 0; o < outputs; o++)
                up[((long)o * rank) + k] = (float)(vectors[o, k] * signed);
            for (int i = 0; i < inputs; i++)
                row[i] = signed == 0 ? 0 : (float)(row[i] / signed);
        }
        return LowRankBranch.FromBits(outputs, inputs, BFloat16.Of(up), BFloat16.Of(down));
    }
}
