using System.Runtime.InteropServices;
using QuantBuild.Matrices;

namespace QuantBuild.Tests.Kernels;

/// <summary>How a test matrix lies in memory.</summary>
public enum Layout
{
    RowMajor,
    Transposed,
    PaddedRows,
    PaddedTransposed,
    EveryThird,
}

/// <summary>A matrix of reproducible values in one of the layouts, with its surroundings in view.</summary>
internal sealed class TestMatrix
{
    private readonly int _rows;
    private readonly int _columns;
    private readonly int _rowStride;
    private readonly int _columnStride;

    public TestMatrix(int rows, int columns, Layout layout, int seed)
    {
        (_rows, _columns) = (rows, columns);
        (_rowStride, _columnStride) = layout switch
        {
            Layout.RowMajor => (columns, 1),
            Layout.Transposed => (1, rows),
            Layout.PaddedRows => (columns + 5, 1),
            Layout.PaddedTransposed => (1, rows + 3),
            _ => ((3 * columns) + 1, 3),
        };
        long length = rows == 0 || columns == 0 ? 0 : ((rows - 1L) * _rowStride) + ((columns - 1L) * _columnStride) + 1;
        Storage = Values((int)length, seed);
    }

    private TestMatrix(TestMatrix other)
    {
        (_rows, _columns, _rowStride, _columnStride) = (other._rows, other._columns, other._rowStride, other._columnStride);
        Storage = [.. other.Storage];
    }

    public float[] Storage { get; }

    public MatrixView View => new(Storage, _rows, _columns, _rowStride, _columnStride);

    /// <summary>The elements alone, row after row.</summary>
    public float[] Dense()
    {
        var dense = new float[_rows * _columns];
        for (int i = 0; i < _rows; i++)
        {
            for (int j = 0; j < _columns; j++)
                dense[(i * _columns) + j] = View[i, j];
        }
        return dense;
    }

    public TestMatrix Copy() => new(this);

    /// <summary>Values between -2 and 2, over eight binary orders of magnitude, so that the order of a sum shows in its bits.</summary>
    public static float[] Values(int count, int seed)
    {
        var random = new Random(seed);
        var values = new float[count];
        for (int i = 0; i < count; i++)
            values[i] = (float)((random.NextDouble() - 0.5) * Math.ScaleB(4, -random.Next(8)));
        return values;
    }

    /// <summary>Asserts that two stores are equal to the last bit, and says where they differ first.</summary>
    public static void AssertSameBits(ReadOnlySpan<float> expected, ReadOnlySpan<float> actual, string what)
    {
        ReadOnlySpan<int> left = MemoryMarshal.Cast<float, int>(expected), right = MemoryMarshal.Cast<float, int>(actual);
        int at = left.CommonPrefixLength(right);
        if (at < left.Length || at < right.Length)
            Assert.Fail($"{what}: element {at} is {(at < right.Length ? actual[at] : "missing")} instead of "
                + $"{(at < left.Length ? expected[at] : "nothing")}");
    }
}
