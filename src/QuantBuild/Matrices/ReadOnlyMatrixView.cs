using System.Runtime.CompilerServices;

namespace QuantBuild.Matrices;

/// <summary>A read-only float32 matrix over memory owned by someone else; see <see cref="MatrixView"/>.</summary>
public readonly ref struct ReadOnlyMatrixView
{
    /// <summary>The memory the view lies on; its first element is element (0, 0).</summary>
    public ReadOnlySpan<float> Data { get; }

    /// <summary>Number of rows.</summary>
    public int Rows { get; }

    /// <summary>Number of columns.</summary>
    public int Columns { get; }

    /// <summary>Distance between vertical neighbours, in elements.</summary>
    public int RowStride { get; }

    /// <summary>Distance between horizontal neighbours, in elements; 1 for row-major views.</summary>
    public int ColumnStride { get; }

    /// <summary>A dense row-major matrix.</summary>
    public ReadOnlyMatrixView(ReadOnlySpan<float> data, int rows, int columns) : this(data, rows, columns, columns, 1)
    {
    }

    /// <summary>A strided matrix.</summary>
    /// <exception cref="ArgumentException">The view would reach beyond <paramref name="data"/>.</exception>
    public ReadOnlyMatrixView(ReadOnlySpan<float> data, int rows, int columns, int rowStride, int columnStride)
    {
        Check(data.Length, rows, columns, rowStride, columnStride);
        Data = data;
        Rows = rows;
        Columns = columns;
        RowStride = rowStride;
        ColumnStride = columnStride;
    }

    /// <summary>The element at (row, column).</summary>
    public float this[int row, int column]
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Data[(row * RowStride) + (column * ColumnStride)];
    }

    /// <summary>The same elements with rows and columns exchanged.</summary>
    public ReadOnlyMatrixView Transposed => new(Data, Columns, Rows, ColumnStride, RowStride);

    /// <summary>A rectangle of this matrix.</summary>
    public ReadOnlyMatrixView Slice(int row, int column, int rows, int columns) =>
        new(Data[((row * RowStride) + (column * ColumnStride))..], rows, columns, RowStride, ColumnStride);

    /// <summary>Refuses views whose rows are not runs of adjacent elements.</summary>
    internal void RequireDenseRows()
    {
        if (ColumnStride != 1 && Columns > 1)
            throw new ArgumentException($"neighbours in a row of this {Rows}x{Columns} view are {ColumnStride} elements apart");
    }

    internal static void Check(int length, int rows, int columns, int rowStride, int columnStride)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(rows);
        ArgumentOutOfRangeException.ThrowIfNegative(columns);
        ArgumentOutOfRangeException.ThrowIfNegative(rowStride);
        ArgumentOutOfRangeException.ThrowIfNegative(columnStride);
        if (rows > 0 && columns > 0 && (((rows - 1L) * rowStride) + ((columns - 1L) * columnStride)) >= length)
            throw new ArgumentException(
                $"a {rows} x {columns} view with strides {rowStride}, {columnStride} does not fit {length} elements");
    }
}
