using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using QuantBuild.Kernels;
using QuantBuild.Matrices;

namespace QuantBuild.Compiler.LinearAlgebra;

/// <summary>X R^T = B for an upper triangular R, solved in place for many rows at once.</summary>
internal static unsafe class TriangularSolve
{
    private const int Leaf = 64;

    // Rows that a leaf solves side by side, one per lane.
    private const int Lanes = 16;

    /// <summary>Overwrites B[rows,size] with X[rows,size]. Rows are independent of each other.</summary>
    /// <remarks>Every share of a thread's rows packs R anew; <paramref name="shares"/> is how many it takes one by one.</remarks>
    public static void Run(GemmPath path, Strided b, int rows, Strided r, int size, int threads, CancellationToken ct,
        int shares = 4)
    {
        const int FewestRows = 96;
        int chunk = Math.Max(FewestRows, (rows + (shares * threads) - 1) / (shares * threads));
        Workers.For((rows + chunk - 1) / chunk, threads, index =>
            Solve(path, b.From(index * chunk, 0), Math.Min(chunk, rows - (index * chunk)), r, size, ct), ct);
    }

    /// <summary>[X1 X2] [R11 R12; 0 R22]^T = [B1 B2]: X2 from R22, then X1 from R11 and B1 - X2 R12^T.</summary>
    private static void Solve(GemmPath path, Strided b, int rows, Strided r, int size, CancellationToken ct)
    {
        if (size <= Leaf)
        {
            for (int row = 0; row < rows; row += Lanes)
                SolveLeaf(b.From(row, 0), Math.Min(Lanes, rows - row), r, size);
            return;
        }
        int first = Cholesky.Split(size), second = size - first;
        Solve(path, b.From(0, first), rows, r.From(first, first), second, ct);
        Gemm.Run(path, new GemmProblem
        {
            Rows = rows,
            Columns = first,
            Depth = second,
            A = b.From(0, first),
            B = r.From(0, first).Transposed,
            C = b,
            Accumulate = true,
            Negate = true,
            Cancellation = ct,
        }, threads: 1);
        Solve(path, b, rows, r, first, ct);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void SolveLeaf(Strided b, int rows, Strided r, int size)
    {
        float* x = stackalloc float[Leaf * Lanes];
        GemmPacking.Pack(b, rows, size, Lanes, negate: false, x);
        for (int j = size - 1; j >= 0; j--)
        {
            Vector256<float> pivot = Vector256.Create(*r.At(j, j));
            Vector256<float> low = Vector256.Load(x + (j * Lanes)) / pivot;
            Vector256<float> high = Vector256.Load(x + (j * Lanes) + 8) / pivot;
            low.Store(x + (j * Lanes));
            high.Store(x + (j * Lanes) + 8);
            for (int i = 0; i < j; i++)
            {
                float* to = x + (i * Lanes);
                Vector256<float> factor = Vector256.Create(-*r.At(i, j));
                Vector256.FusedMultiplyAdd(factor, low, Vector256.Load(to)).Store(to);
                Vector256.FusedMultiplyAdd(factor, high, Vector256.Load(to + 8)).Store(to + 8);
            }
        }
        Transposition.Copy(new Strided(x, Lanes, 1), size, rows, b);
    }
}
