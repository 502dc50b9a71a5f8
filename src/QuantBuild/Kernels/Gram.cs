namespace QuantBuild.Kernels;

/// <summary>X^T X of a tall matrix, computed once per symmetric pair.</summary>
public static class Gram
{
    /// <summary>
    /// H[c,c] += X[n,c]^T X[n,c]; every element is the chain of <see cref="Gemm"/> over ascending rows, and H stays exactly symmetric.
    /// </summary>
    public static void Accumulate(ReadOnlyMatrixView x, MatrixView h, int threads = 1)
    {
        if (h.Rows != x.Columns || h.Columns != x.Columns)
            throw new ArgumentException($"the Gram matrix of {x.Rows}x{x.Columns} is not {h.Rows}x{h.Columns}");
        for (int i = 0; i < h.Rows; i++)
        {
            for (int j = i; j < h.Columns; j++)
            {
                float acc = h[i, j];
                for (int k = 0; k < x.Rows; k++)
                    acc = MathF.FusedMultiplyAdd(x[k, i], x[k, j], acc);
                h[i, j] = acc;
                h[j, i] = acc;
            }
        }
    }
}
