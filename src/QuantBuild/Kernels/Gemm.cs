namespace QuantBuild.Kernels;

/// <summary>What <see cref="Gemm"/> does with the old content of the result.</summary>
public enum GemmMode
{
    /// <summary>C = A B.</summary>
    Overwrite,

    /// <summary>C = C + A B.</summary>
    Add,

    /// <summary>C = C - A B.</summary>
    Subtract,
}

/// <summary>Dense float32 matrix product with one defined rounding per element.</summary>
/// <remarks>
/// The specification: every element is the chain <c>acc = fma(a[i,k], b[k,j], acc)</c> over ascending k, starting from 0
/// (<see cref="GemmMode.Overwrite"/>) or from the old c[i,j] (<see cref="GemmMode.Add"/>; Subtract uses -a[i,k]).  Blocking, vector
/// width and thread count never change a bit: a block boundary only stores and reloads the accumulator.
/// </remarks>
public static class Gemm
{
    /// <summary>C[m,n] (op)= A[m,k] B[k,n]. Pass a transposed view for B stored [n,k], as linear layers have it.</summary>
    public static void Multiply(ReadOnlyMatrixView a, ReadOnlyMatrixView b, MatrixView c, GemmMode mode = GemmMode.Overwrite, int threads = 1)
    {
        if (a.Columns != b.Rows || a.Rows != c.Rows || b.Columns != c.Columns)
            throw new ArgumentException($"cannot multiply {a.Rows}x{a.Columns} by {b.Rows}x{b.Columns} into {c.Rows}x{c.Columns}");
        for (int i = 0; i < c.Rows; i++)
        {
            for (int j = 0; j < c.Columns; j++)
            {
                float acc = mode == GemmMode.Overwrite ? 0 : c[i, j];
                for (int k = 0; k < a.Columns; k++)
                    acc = MathF.FusedMultiplyAdd(mode == GemmMode.Subtract ? -a[i, k] : a[i, k], b[k, j], acc);
                c[i, j] = acc;
            }
        }
    }
}
