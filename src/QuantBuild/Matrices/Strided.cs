using System.Runtime.CompilerServices;

namespace QuantBuild.Matrices;

/// <summary>A pinned matrix inside a kernel: element (i, j) is at <c>Data[i * RowStride + j * ColumnStride]</c>.</summary>
internal readonly unsafe struct Strided(float* data, nint rowStride, nint columnStride)
{
    public float* Data { get; } = data;

    public nint RowStride { get; } = rowStride;

    public nint ColumnStride { get; } = columnStride;

    public Strided Transposed => new(Data, ColumnStride, RowStride);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public float* At(nint row, nint column) => Data + (row * RowStride) + (column * ColumnStride);

    public Strided From(nint row, nint column) => new(At(row, column), RowStride, ColumnStride);
}
