using QuantBuild.Matrices;

namespace QuantBuild.Compiler.Quantizers;

/// <summary>
/// A matrix in memory that the caller keeps pinned, so that lambdas of parallel loops can hold it; row-major if nothing is said.
/// </summary>
internal readonly unsafe struct PinnedMatrix(float* data, int rows, int columns, int rowStride, int columnStride = 1)
{
    public int RowCount { get; } = rows;

    public int Columns { get; } = columns;

    /// <summary>A row; its elements must be neighbours.</summary>
    public Span<float> Row(int row) => new(data + ((nint)row * rowStride), Columns);

    /// <summary>A rectangle.</summary>
    public MatrixView View(int row, int column, int rows, int columns)
    {
        if (rows == 0 || columns == 0)
            return new MatrixView([], rows, columns, rowStride, columnStride);
        int length = checked(((rows - 1) * rowStride) + ((columns - 1) * columnStride) + 1);
        return new MatrixView(new Span<float>(data + ((nint)row * rowStride) + ((nint)column * columnStride), length), rows, columns,
            rowStride,
            columnStride);
    }

    /// <summary>Whole rows.</summary>
    public MatrixView Slice(int row, int rows) => View(row, 0, rows, Columns);
}
