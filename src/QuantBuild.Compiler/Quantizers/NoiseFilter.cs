using QuantBuild.Compiler.LinearAlgebra;
using QuantBuild.Kernels;
using QuantBuild.Matrices;

namespace QuantBuild.Compiler.Quantizers;

/// <summary><c>T = P G^-1 - P (N G^-1) H^-1</c> for <c>H = M D M^T</c>: the weight that gives the least error on a rounded input.</summary>
/// <remarks>
/// Row by row: <c>b = p (nu / g)</c>; <c>z</c> from <c>z M^T = b</c>, divided by D, then <c>y</c> from <c>y M = z / D</c>; and
/// <c>t = p (1 / g) - y</c>. The quotients are rounded to float32 once.
/// </remarks>
/// <param name="noise">G and N.</param>
/// <param name="factor">D.</param>
internal sealed unsafe class NoiseFilter(RoundingNoise noise, HessianFactor factor)
{
    private readonly float[] _inverse = noise.Inverse;
    private readonly float[] _pull = noise.Pull;

    /// <summary>P becomes T.</summary>
    /// <param name="rows">[rows, in], row-major.</param>
    /// <param name="unit">M in the upper triangle, with its diagonal of ones, [in, in].</param>
    /// <param name="threads">Threads to use; the result does not depend on it.</param>
    /// <param name="ct">Ends the work between blocks.</param>
    public void Apply(MatrixView rows, ReadOnlyMatrixView unit, int threads, CancellationToken ct)
    {
        int channels = rows.Columns;
        var solution = new float[(long)rows.Rows * channels];
        for (int row = 0; row < rows.Rows; row++)
        {
            Span<float> b = solution.AsSpan(row * channels, channels), p = Rows.Of(rows, row);
            for (int i = 0; i < b.Length; i++)
                b[i] = p[i] * _pull[i];
        }
        fixed (float* values = solution, m = unit.Data)
        {
            var solved = new Strided(values, channels, 1);
            var triangle = new Strided(m, unit.RowStride, unit.ColumnStride);
            TriangularSolve.Run(Gemm.Fastest, solved, rows.Rows, triangle, channels, threads, ct);
            for (int row = 0; row < rows.Rows; row++)
            {
                Span<float> z = solution.AsSpan(row * channels, channels);
                for (int i = 0; i < z.Length; i++)
                    z[i] /= (float)factor.Pivots[i];
            }
            ForwardSolve.Run(Gemm.Fastest, solved, rows.Rows, triangle, channels, threads, ct);
        }
        for (int row = 0; row < rows.Rows; row++)
        {
            Span<float> y = solution.AsSpan(row * channels, channels), p = Rows.Of(rows, row);
            for (int i = 0; i < y.Length; i++)
                p[i] = (p[i] * _inverse[i]) - y[i];
        }
    }
}
