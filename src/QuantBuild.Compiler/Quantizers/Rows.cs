using QuantBuild.Matrices;

namespace QuantBuild.Compiler.Quantizers;

/// <summary>Rows of row-major views as spans.</summary>
internal static class Rows
{
    /// <summary>Refuses a view whose columns are not adjacent.</summary>
    /// <exception cref="ArgumentException">The view is not row-major.</exception>
    public static void RequireAdjacentColumns(ReadOnlyMatrixView matrix)
    {
        if (matrix.ColumnStride != 1)
            throw new ArgumentException("the matrix must be row-major", nameof(matrix));
    }

    /// <summary>One row; the view's columns must be adjacent.</summary>
    /// <exception cref="ArgumentException">The view is not row-major.</exception>
    public static ReadOnlySpan<float> Of(ReadOnlyMatrixView matrix, int row)
    {
        RequireAdjacentColumns(matrix);
        return matrix.Data.Slice(row * matrix.RowStride, matrix.Columns);
    }

    /// <inheritdoc cref="Of(ReadOnlyMatrixView, int)"/>
    public static Span<float> Of(MatrixView matrix, int row)
    {
        RequireAdjacentColumns(matrix);
        return matrix.Data.Slice(row * matrix.RowStride, matrix.Columns);
    }
}
