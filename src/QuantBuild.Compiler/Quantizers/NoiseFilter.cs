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
/// <param name="order">Where the channels of M lie in the weight; null for the same places.</param>
internal sealed unsafe class NoiseFilter(RoundingNoise noise, HessianFactor factor, int[]? order)
{
    private const int RowsAtOnce = 768;

    private readonly float[] _inverse = [.. noise.Gain.Select(gain => 1 / gain)];
    private readonly float[] _pivots = [.. factor.Pivots.Select(pivot => (float)pivot)];

    /// <summary>nu / g, [in]: the shrinkage of a channel.</summary>
    public float[] Pull { get; } = [.. noise.Variance.Zip(noise.Gain, (variance, gain) => variance / gain)];

    /// <summary>Whether there is no noise and every gain is 1, so that T is P.</summary>
    public bool IsIdentity { get; } = noise.IsNone;

    /// <summary>P becomes T.</summary>
    /// <param name="rows">[rows, in], row-major.</param>
    /// <param name="unit">M in the upper triangle, with its diagonal of ones.</param>
    /// <param name="threads">Threads to use; the result does not depend on it.</param>
    /// <param name="ct">Ends the work between blocks.</param>
    public void Apply(MatrixView rows, ReadOnlyMatrixView unit, int threads, CancellationToken ct)
    {
        if (IsIdentity)
            return;
        int channels = rows.Columns;
        var scratch = new float[(long)Math.Min(RowsAtOnce, rows.Rows) * channels];
        fixed (float* values = scratch, m = unit.Data)
        {
            var solved = new Strided(values, channels, 1);
            var triangle = new Strided(m, unit.RowStride, 1);
            for (int first = 0; first < rows.Rows; first += RowsAtOnce)
            {
                int count = Math.Min(RowsAtOnce, rows.Rows - first);
                for (int row = 0; row < count; row++)
                {
                    Span<float> b = scratch.AsSpan(row * channels, channels), p = Rows.Of(rows, first + row);
                    for (int i = 0; i < b.Length; i++)
                        b[i] = p[At(i)] * Pull[At(i)];
                }
                TriangularSolve.Run(Gemm.Fastest, solved, count, triangle, channels, threads, ct);
                for (int row = 0; row < count; row++)
                {
                    Span<float> z = scratch.AsSpan(row * channels, channels);
                    for (int i = 0; i < z.Length; i++)
                        z[i] /= _pivots[i];
                }
                ForwardSolve.Run(Gemm.Fastest, solved, count, triangle, channels, threads, ct);
                for (int row = 0; row < count; row++)
                {
                    Span<float> y = scratch.AsSpan(row * channels, channels), p = Rows.Of(rows, first + row);
                    for (int i = 0; i < y.Length; i++)
                        p[At(i)] = (p[At(i)] * _inverse[At(i)]) - y[i];
                }
            }
        }
    }

    private int At(int place) => order is null ? place : order[place];
}
