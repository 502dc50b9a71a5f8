using QuantBuild.Compiler.LinearAlgebra;
using QuantBuild.Formats;
using QuantBuild.Kernels;
using QuantBuild.Matrices;

namespace QuantBuild.Compiler.Quantizers;

/// <summary>The high-precision branch <c>L1 L2</c> of eq. (6): factors in bfloat16, B = Up [out, r] and A = Down [r, in].</summary>
/// <remarks>In the paper's notation, which multiplies from the left, L1 is A^T and L2 is B^T.</remarks>
internal sealed record LowRankBranch
{
    private LowRankBranch(int rows, int columns, int rank, ushort[] upBits, ushort[] downBits)
    {
        Rows = rows;
        Columns = columns;
        Rank = rank;
        UpBits = upBits;
        DownBits = downBits;
        Up = new float[upBits.Length];
        Down = new float[downBits.Length];
        BFloat16.ToSingle(upBits, Up);
        BFloat16.ToSingle(downBits, Down);
    }

    /// <summary>Output channels.</summary>
    public int Rows { get; }

    /// <summary>Input channels.</summary>
    public int Columns { get; }

    /// <summary>Rank; 0 when there is no branch.</summary>
    public int Rank { get; }

    /// <summary>B as bfloat16 bits, [out, r].</summary>
    public ushort[] UpBits { get; }

    /// <summary>A as bfloat16 bits, [r, in].</summary>
    public ushort[] DownBits { get; }

    /// <summary>The values of <see cref="UpBits"/>.</summary>
    public float[] Up { get; }

    /// <summary>The values of <see cref="DownBits"/>.</summary>
    public float[] Down { get; }

    /// <inheritdoc cref="LowRankFactors.Passes"/>
    public int Passes { get; init; }

    /// <inheritdoc cref="LowRankFactors.Excess"/>
    /// <remarks>Of the factors in float32, before they are rounded; 0 for factors that were read back.</remarks>
    public double Excess { get; init; }

    /// <summary>No branch.</summary>
    public static LowRankBranch None(int rows, int columns) => new(rows, columns, 0, [], []);

    /// <summary>The beginning of a branch whose ranks fall in weight, such as one from singular values: the best of a lower rank.</summary>
    /// <param name="rank">At most the branch's own.</param>
    public LowRankBranch Truncated(int rank)
    {
        if (rank == Rank)
            return this;
        var up = new ushort[Rows * rank];
        for (int row = 0; row < Rows; row++)
            UpBits.AsSpan(row * Rank, rank).CopyTo(up.AsSpan(row * rank));
        return new LowRankBranch(Rows, Columns, rank, up, DownBits[..(rank * Columns)]);
    }

    /// <summary>A branch from stored factors.</summary>
    /// <param name="rows">Output channels.</param>
    /// <param name="columns">Input channels.</param>
    /// <param name="upBits">B, [rows, r].</param>
    /// <param name="downBits">A, [r, columns].</param>
    /// <exception cref="ArgumentException">The lengths fit no rank.</exception>
    /// <exception cref="NumericException">A factor is not finite.</exception>
    public static LowRankBranch FromBits(int rows, int columns, ushort[] upBits, ushort[] downBits)
    {
        int rank = columns == 0 ? 0 : downBits.Length / columns;
        if (downBits.Length != rank * columns || upBits.Length != rows * rank)
            throw new ArgumentException($"factors of {upBits.Length} and {downBits.Length} elements do not fit {rows} x {columns}");
        var branch = new LowRankBranch(rows, columns, rank, upBits, downBits);
        FiniteValues.Check("low-rank factor", branch.Up);
        FiniteValues.Check("low-rank factor", branch.Down);
        return branch;
    }

    /// <summary><c>R = W - B A</c> in place: for every element the chain <c>w = fma(-b_r, a_r, w)</c> over ascending r.</summary>
    /// <param name="weight">The smoothed weight, [out, in]; becomes the residual.</param>
    /// <param name="threads">Threads to use; the result does not depend on it.</param>
    public void SubtractFrom(MatrixView weight, int threads = 1)
    {
        if (weight.Rows != Rows || weight.Columns != Columns)
            throw new ArgumentException($"a branch of {Rows} x {Columns} cannot be taken from {weight.Rows} x {weight.Columns}");
        if (Rank > 0)
            Gemm.Multiply(new ReadOnlyMatrixView(Up, Rows, Rank), new ReadOnlyMatrixView(Down, Rank, Columns), weight, GemmMode.Subtract,
                threads);
    }
}
