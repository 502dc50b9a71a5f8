using System.Runtime.CompilerServices;

namespace QuantBuild.Matrices;

/// <summary>
/// A writable float32 matrix over memory owned by someone else: element (i, j) is at <c>i * RowStride + j * ColumnStride</c>.
/// </summary>
public readonly ref struct MatrixView
{
    /// <summary>The memory the view lies on; its first element is element (0, 0).</summary>
    public Span<float> Data { get; }

    /// <summary>Number of rows.</summary>
    public int Rows { get; }

    /// <summary>Number of columns.</summary>
    public int Columns { get; }

    /// <summary>Distance between vertical neighbours, in elements.</summary>
    public int RowStride { get; }

    /// <summary>Distance between horizontal neighbours, in elements; 1 for row-major views.</summary>
    public int ColumnStride { get; }

    /// <summary>A dense row-major matrix.</summary>
    public MatrixView(Span<float> data, int rows, int columns) : this(data, rows, columns, columns, 1)
    {
    }

    /// <summary>A strided matrix.</summary>
    /// <exception cref="ArgumentException">The view would reach beyond <paramref name="data"/>.</exception>
    public MatrixView(Span<float> data, int rows, int columns, int rowStride, int columnStride)
    {
        ReadOnlyMatrixView.Check(data.Length, rows, columns, rowStride, columnStride);
        Data = data;
        Rows = rows;
        Columns = columns;
        RowStride = rowStride;
        ColumnStride = columnStride;
    }

    /// <summary>The element at (row, column).</summary>
    public ref float this[int row, int column]
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => ref Data[(row * RowStride) + (column * ColumnStride)];
    }

    /// <summary>The same elements with rows and columns exchanged.</summary>
    public MatrixView Transposed => new(Data, Columns, Rows, ColumnStride, RowStride);

    /// <summary>A rectangle of this matrix.</summary>
    public MatrixView Slice(int row, int column, int rows, int columns) =>
        new(Data[((row * RowStride) + (column * ColumnStride))..], rows, columns, RowStride, ColumnStride);

    /// <summary>The same matrix, read-only.</summary>
    public static implicit operator ReadOnlyMatrixView(MatrixView view) =>
        new(view.Data, view.Rows, view.Columns, view.RowStride, view.ColumnStride);
}
