using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using QuantBuild.Kernels;
using QuantBuild.Matrices;

namespace QuantBuild.Compiler.LinearAlgebra;

/// <summary>
/// X R = B for an upper triangular R, solved in place for many rows at once: the mirror of <see cref="TriangularSolve"/>.
/// </summary>
internal static unsafe class ForwardSolve
{
    private const int Leaf = 64;

    // Rows that a leaf solves side by side, one per lane.
    private const int Lanes = 16;

    /// <summary>Overwrites B[rows,size] with X[rows,size]. Rows are independent of each other.</summary>
    public static void Run(GemmPath path, Strided b, int rows, Strided r, int size, int threads, CancellationToken ct)
    {
        const int FewestRows = 96;
        int chunk = Math.Max(FewestRows, (rows + (4 * threads) - 1) / (4 * threads));
        Workers.For((rows + chunk - 1) / chunk, threads, index =>
            Solve(path, b.From(index * chunk, 0), Math.Min(chunk, rows - (index * chunk)), r, size, ct), ct);
    }

    /// <summary>[X1 X2] [R11 R12; 0 R22] = [B1 B2]: X1 from R11, then X2 from R22 and B2 - X1 R12.</summary>
    private static void Solve(GemmPath path, Strided b, int rows, Strided r, int size, CancellationToken ct)
    {
        if (size <= Leaf)
        {
            for (int row = 0; row < rows; row += Lanes)
                SolveLeaf(b.From(row, 0), Math.Min(Lanes, rows - row), r, size);
            return;
        }
        int first = Cholesky.Split(size), second = size - first;
        Solve(path, b, rows, r, first, ct);
        Gemm.Run(path, new GemmProblem
        {
            Rows = rows,
            Columns = second,
            Depth = first,
            A = b,
            B = r.From(0, first),
            C = b.From(0, first),
            Accumulate = true,
            Negate = true,
            Cancellation = ct,
        }, threads: 1);
        Solve(path, b.From(0, first), rows, r.From(first, first), second, ct);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void SolveLeaf(Strided b, int rows, Strided r, int size)
    {
        float* x = stackalloc float[Leaf * Lanes];
        GemmPacking.Pack(b, rows, size, Lanes, negate: false, x);
        for (int j = 0; j < size; j++)
        {
            Vector256<float> pivot = Vector256.Create(*r.At(j, j));
            Vector256<float> low = Vector256.Load(x + (j * Lanes)) / pivot;
            Vector256<float> high = Vector256.Load(x + (j * Lanes) + 8) / pivot;
            low.Store(x + (j * Lanes));
            high.Store(x + (j * Lanes) + 8);
            for (int k = j + 1; k < size; k++)
            {
                float* to = x + (k * Lanes);
                Vector256<float> factor = Vector256.Create(-*r.At(j, k));
                Vector256.FusedMultiplyAdd(factor, low, Vector256.Load(to)).Store(to);
                Vector256.FusedMultiplyAdd(factor, high, Vector256.Load(to + 8)).Store(to + 8);
            }
        }
        Transposition.Copy(new Strided(x, Lanes, 1), size, rows, b);
    }
}
