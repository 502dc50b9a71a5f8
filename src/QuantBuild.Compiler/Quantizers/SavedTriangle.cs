using QuantBuild.Kernels;

namespace QuantBuild.Compiler.Quantizers;

/// <summary>A copy of a symmetric matrix in half its memory: the rows of the upper triangle, one after another.</summary>
internal sealed class SavedTriangle
{
    private readonly float[] _values;

    public SavedTriangle(ReadOnlyMatrixView matrix)
    {
        long n = matrix.Rows;
        _values = new float[n * (n + 1) / 2];
        int next = 0;
        for (int row = 0; row < n; row++)
        {
            ReadOnlySpan<float> values = Rows.Of(matrix, row)[row..];
            values.CopyTo(_values.AsSpan(next));
            next += values.Length;
        }
    }

    /// <summary>Writes both triangles back.</summary>
    public void Restore(MatrixView matrix)
    {
        int next = 0;
        for (int row = 0; row < matrix.Rows; row++)
        {
            Span<float> values = Rows.Of(matrix, row)[row..];
            _values.AsSpan(next, values.Length).CopyTo(values);
            next += values.Length;
            for (int column = 0; column < row; column++)
                matrix[row, column] = matrix[column, row];
        }
    }
}
