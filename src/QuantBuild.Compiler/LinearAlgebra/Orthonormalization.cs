namespace QuantBuild.Compiler.LinearAlgebra;

/// <summary>Y = Q R with orthonormal columns of Q, for a tall Y in float64.</summary>
internal static unsafe class Orthonormalization
{
    // A column that keeps less than this part of its squared length once the columns before it are taken out is left to the slower,
    // safe way: squaring in Y^T Y has cost it half its digits.
    private const double WellConditioned = 1e-11;

    // Y was computed in float32: what remains of a column below this part of its length is rounding, not direction.
    private const double Resolution = 1e-6;

    /// <summary>
    /// Factors <paramref name="y"/>.  A column that depends on those before it, to float32 accuracy, gives a zero column of Q and a
    /// zero row of R.
    /// </summary>
    /// <returns>Q, which may be <paramref name="y"/> itself overwritten, and R [l,l], row-major.</returns>
    public static (TallMatrix Q, double[] R) Factor(TallMatrix y, int threads, CancellationToken ct = default)
    {
        int size = y.Columns;
        // Cholesky factor of Y^T Y, twice: the first makes the columns nearly orthogonal, the second makes them so to the last digits.
        double[]? first = Upper(y.Gram(threads, ct), size);
        if (first is not null)
        {
            TallMatrix q = y.Times(Inverse(first, size), size, threads, ct);
            double[]? second = Upper(q.Gram(threads, ct), size);
            if (second is not null)
                return (q.Times(Inverse(second, size), size, threads, ct), Product(second, first, size));
        }
        return (y, GramSchmidt(y, ct));
    }

    /// <summary>The upper R of G = R^T R, or null where G is too close to singular.</summary>
    private static double[]? Upper(double[] gram, int size)
    {
        var r = new double[size * size];
        for (int j = 0; j < size; j++)
        {
            for (int i = 0; i <= j; i++)
            {
                double sum = gram[(i * size) + j];
                for (int k = 0; k < i; k++)
                    sum -= r[(k * size) + i] * r[(k * size) + j];
                if (i < j)
                    r[(i * size) + j] = sum / r[(i * size) + i];
                else if (sum > WellConditioned * gram[(j * size) + j] && double.IsFinite(sum))
                    r[(j * size) + j] = Math.Sqrt(sum);
                else
                    return null;
            }
        }
        return r;
    }

    private static double[] Inverse(double[] r, int size)
    {
        var inverse = new double[size * size];
        for (int j = 0; j < size; j++)
        {
            inverse[(j * size) + j] = 1 / r[(j * size) + j];
            for (int i = j - 1; i >= 0; i--)
            {
                double sum = 0;
                for (int k = i + 1; k <= j; k++)
                    sum += r[(i * size) + k] * inverse[(k * size) + j];
                inverse[(i * size) + j] = -sum / r[(i * size) + i];
            }
        }
        return inverse;
    }

    private static double[] Product(double[] a, double[] b, int size)
    {
        var product = new double[size * size];
        for (int i = 0; i < size; i++)
        {
            for (int k = 0; k < size; k++)
            {
                for (int j = 0; j < size; j++)
                    product[(i * size) + j] += a[(i * size) + k] * b[(k * size) + j];
            }
        }
        return product;
    }

    /// <summary>Takes the earlier columns out of each column, twice, so that cancellation in the first pass does not show.</summary>
    private static double[] GramSchmidt(TallMatrix y, CancellationToken ct)
    {
        int size = y.Columns, length = y.Rows;
        var r = new double[size * size];
        var columns = new double[(long)size * length];
        for (int j = 0; j < size; j++)
        {
            for (int i = 0; i < length; i++)
                columns[((long)j * length) + i] = y[i, j];
        }
        fixed (double* start = columns)
        {
            for (int j = 0; j < size; j++)
            {
                ct.ThrowIfCancellationRequested();
                double* column = start + ((nint)j * length);
                double before = Math.Sqrt(LaneMath.Dot(column, column, length));
                for (int pass = 0; pass < 2; pass++)
                {
                    for (int i = 0; i < j; i++)
                    {
                        double* earlier = start + ((nint)i * length);
                        double part = LaneMath.Dot(earlier, column, length);
                        r[(i * size) + j] += part;
                        LaneMath.Add(-part, earlier, column, length);
                    }
                }
                double after = Math.Sqrt(LaneMath.Dot(column, column, length));
                bool independent = after > Resolution * before;
                r[(j * size) + j] = independent ? after : 0;
                double scale = independent ? 1 / after : 0;
                for (int i = 0; i < length; i++)
                    column[i] *= scale;
            }
        }
        for (int j = 0; j < size; j++)
        {
            for (int i = 0; i < length; i++)
                y[i, j] = columns[((long)j * length) + i];
        }
        return r;
    }
}
