using QuantBuild.Formats;
using QuantBuild.Matrices;

namespace QuantBuild.Compiler.Quantizers;

/// <summary>Every <see cref="Sets"/>-th row of a matrix.</summary>
/// <param name="First">The first of them, below <see cref="Sets"/>.</param>
internal readonly record struct RowSet(int First)
{
    /// <summary>How many sets a matrix has.</summary>
    public const int Sets = 8;

    /// <summary>The rows of the set in a matrix of <paramref name="rows"/>.</summary>
    public int CountIn(int rows) => Math.Max(0, (rows - First + Sets - 1) / Sets);

    /// <summary>Its rows of a row-major matrix.</summary>
    public MatrixView Of(MatrixView matrix) => CountIn(matrix.Rows) is > 0 and int count
        ? new(matrix.Data[(First * matrix.RowStride)..], count, matrix.Columns, Sets * matrix.RowStride, 1)
        : new([], 0, matrix.Columns);

    /// <summary>Its rows of a row-major matrix.</summary>
    public ReadOnlyMatrixView Of(ReadOnlyMatrixView matrix) => CountIn(matrix.Rows) is > 0 and int count
        ? new(matrix.Data[(First * matrix.RowStride)..], count, matrix.Columns, Sets * matrix.RowStride, 1)
        : new([], 0, matrix.Columns);

    /// <summary>Puts rounded rows where they belong.</summary>
    /// <param name="rows">Those of the set.</param>
    /// <param name="weight">All.</param>
    public void Put(PackedWeight rows, PackedWeight weight)
    {
        int codes = Mxfp4.CodeBytes(weight.Columns), scales = Mxfp4.Blocks(weight.Columns);
        for (int row = 0; row < rows.Rows; row++)
        {
            int to = First + (row * Sets);
            rows.Codes.AsSpan(row * codes, codes).CopyTo(weight.Codes.AsSpan(to * codes));
            rows.Scales.AsSpan(row * scales, scales).CopyTo(weight.Scales.AsSpan(to * scales));
        }
    }
}
