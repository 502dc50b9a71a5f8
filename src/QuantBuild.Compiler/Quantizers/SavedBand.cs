using QuantBuild.Compiler.LinearAlgebra;
using QuantBuild.Matrices;

namespace QuantBuild.Compiler.Quantizers;

/// <summary>
/// The diagonals of a symmetric matrix that factoring in place overwrites on both sides: the main one and a few below it.
/// </summary>
internal sealed class SavedBand
{
    private readonly float[] _values;

    public SavedBand(ReadOnlyMatrixView matrix)
    {
        _values = new float[matrix.Rows * Cholesky.Band];
        for (int row = 0; row < matrix.Rows; row++)
        {
            ReadOnlySpan<float> values = Rows.Of(matrix, row)[First(row)..(row + 1)];
            values.CopyTo(_values.AsSpan(row * Cholesky.Band));
        }
    }

    /// <summary>Writes the band and the upper triangle back.</summary>
    public void Restore(MatrixView matrix, int threads)
    {
        for (int row = 0; row < matrix.Rows; row++)
        {
            Span<float> values = Rows.Of(matrix, row)[First(row)..(row + 1)];
            _values.AsSpan(row * Cholesky.Band, values.Length).CopyTo(values);
        }
        Gram.Mirror(matrix.Transposed, threads);
    }

    private static int First(int row) => Math.Max(0, row + 1 - Cholesky.Band);
}
