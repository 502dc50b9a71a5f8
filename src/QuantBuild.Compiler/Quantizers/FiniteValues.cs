using QuantBuild.Matrices;

namespace QuantBuild.Compiler.Quantizers;

/// <summary>Checks that stand where data enters the quantizers and where an overflow would leave them.</summary>
internal static class FiniteValues
{
    /// <summary>Throws at the first element, row by row, that is NaN or infinite.</summary>
    /// <exception cref="NumericException">There is one.</exception>
    public static void Check(string quantity, ReadOnlyMatrixView matrix) => CheckPart(quantity, matrix, firstRow: 0);

    /// <summary>
    /// Throws at the first element of some rows of a matrix that is NaN or infinite; the first row is called <paramref name="firstRow"/>.
    /// </summary>
    /// <exception cref="NumericException">There is one.</exception>
    public static void CheckPart(string quantity, ReadOnlyMatrixView matrix, int firstRow)
    {
        for (int row = 0; row < matrix.Rows; row++)
        {
            if (Kernels.Finite.IsFinite(Rows.Of(matrix, row)))
                continue;
            int column = FirstNonFinite(Rows.Of(matrix, row));
            throw new NumericException(quantity, $"row {firstRow + row}, channel {column}", matrix[row, column]);
        }
    }

    /// <summary>Throws at the first element, row by row, that is NaN or infinite; several threads look for it.</summary>
    public static unsafe void Check(string quantity, ReadOnlyMatrixView matrix, int threads)
    {
        const int RowsAtOnce = 64;
        fixed (float* data = matrix.Data)
        {
            var pinned = new PinnedMatrix(data, matrix.Rows, matrix.Columns, matrix.RowStride);
            bool finite = true;
            Workers.ForRanges(matrix.Rows, RowsAtOnce, threads, (first, count) =>
            {
                for (int row = first; row < first + count; row++)
                {
                    if (!Kernels.Finite.IsFinite(pinned.Row(row)))
                        Volatile.Write(ref finite, false);
                }
            });
            if (!finite)
                Check(quantity, matrix);
        }
    }

    /// <summary>Throws at the first element that is NaN or infinite.</summary>
    /// <exception cref="NumericException">There is one.</exception>
    public static void Check(string quantity, ReadOnlySpan<float> vector)
    {
        int channel = FirstNonFinite(vector);
        if (channel >= 0)
            throw new NumericException(quantity, $"channel {channel}", vector[channel]);
    }

    /// <summary>Throws at the first element of a vector that is not a positive finite number.</summary>
    /// <exception cref="NumericException">There is one.</exception>
    public static void CheckPositive(string quantity, ReadOnlySpan<float> vector)
    {
        for (int channel = 0; channel < vector.Length; channel++)
        {
            if (!(vector[channel] > 0) || float.IsInfinity(vector[channel]))
                throw new NumericException(quantity, $"channel {channel}", vector[channel]);
        }
    }

    private static int FirstNonFinite(ReadOnlySpan<float> values)
    {
        for (int i = 0; i < values.Length; i++)
        {
            if (!float.IsFinite(values[i]))
                return i;
        }
        return -1;
    }
}
