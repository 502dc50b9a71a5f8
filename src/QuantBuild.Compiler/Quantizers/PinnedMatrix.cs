using QuantBuild.Matrices;

namespace QuantBuild.Compiler.Quantizers;

/// <summary>A row-major matrix in memory that the caller keeps pinned, so that lambdas of parallel loops can hold it.</summary>
internal readonly unsafe struct PinnedMatrix(float* data, int rows, int columns, int rowStride)
{
    public int RowCount { get; } = rows;

    public int Columns { get; } = columns;

    /// <summary>A row.</summary>
    public Span<float> Row(int row) => new(data + ((nint)row * rowStride), Columns);

    /// <summary>A rectangle.</summary>
    public MatrixView View(int row, int column, int rows, int columns)
    {
        if (rows == 0 || columns == 0)
            return new MatrixView([], rows, columns, rowStride, 1);
        int length = checked(((rows - 1) * rowStride) + columns);
        return new MatrixView(new Span<float>(data + ((nint)row * rowStride) + column, length), rows, columns, rowStride, 1);
    }

    /// <summary>Whole rows.</summary>
    public MatrixView Slice(int row, int rows) => View(row, 0, rows, Columns);
}
