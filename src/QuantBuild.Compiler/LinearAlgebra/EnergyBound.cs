namespace QuantBuild.Compiler.LinearAlgebra;

/// <summary>
/// How much energy (sum of squared singular values) a rank-r approximation of a matrix can hold at most, from what one step of a subspace
/// iteration saw.
/// </summary>
/// <remarks>
/// Let V be an orthonormal basis, A = M^T M, T = V^T A V, S = A V - V T, and C what A is on the complement of V.  If no eigenvalue of C
/// exceeds c, then A is at most <c>[T S^T; S c I]</c> in the order of symmetric matrices, whose eigenvalues therefore bound those of A from
/// above, one by one; they are those of the small <c>[T R^T; R c I]</c> with <c>S^T S = R^T R</c>.  The bound needs no gap in the spectrum.
/// <para>c is the one thing that is estimated, by the caller: from the first eigenvalue beyond the rank that the iteration sees. The basis
/// has at least 16 columns more than the rank; a direction outside it with a larger eigenvalue would have had to be all but orthogonal to
/// every random start.</para>
/// </remarks>
internal static unsafe class EnergyBound
{
    // Halvings of the interval of an eigenvalue, down to 2^-50 of the largest.
    private const int Halvings = 50;

    // Pivots below this part of their column's length count as so much: rounding, in favour of a larger bound.
    private const double Negligible = 1e-12;

    /// <summary>A bound on the sum of the <paramref name="rank"/> largest eigenvalues of M^T M.</summary>
    /// <param name="basis">V, [n,l].</param>
    /// <param name="first">R with M V = Q R, row-major [l,l].</param>
    /// <param name="image">A V = P R' R: the orthonormal P, [n,l].</param>
    /// <param name="second">R'.</param>
    /// <param name="beyond">c.</param>
    /// <param name="rank">How many eigenvalues.</param>
    /// <param name="threads">Upper bound on threads.</param>
    /// <param name="ct">Ends the work.</param>
    public static double Of(TallMatrix basis, double[] first, TallMatrix image, double[] second, double beyond, int rank, int threads,
        CancellationToken ct)
    {
        int size = basis.Columns;
        double[] t = Product(Transpose(first, size), first, size), product = Product(second, first, size);
        TallMatrix s = image.Times(product, size, threads, ct), along = basis.Times(t, size, threads, ct);
        for (int i = 0; i < s.Data.Length; i++)
            s.Data[i] -= along.Data[i];
        double[] r = Root(s.Gram(threads, ct), size);

        int order = 2 * size;
        var whole = new double[order * order];
        for (int i = 0; i < size; i++)
        {
            for (int j = 0; j < size; j++)
            {
                whole[(i * order) + j] = t[(i * size) + j];
                whole[((size + i) * order) + j] = whole[(j * order) + size + i] = r[(i * size) + j];
            }
            whole[((size + i) * order) + size + i] = beyond;
        }
        (double[] diagonal, double[] squares) = Tridiagonal(whole, order, ct);
        double largest = 0, sum = 0;
        for (int i = 0; i < order; i++)
            largest = Math.Max(largest, Math.Abs(diagonal[i]) + Math.Sqrt(squares[i]) + (i + 1 < order ? Math.Sqrt(squares[i + 1]) : 0));
        for (int k = 0; k < rank; k++)
            sum += Eigenvalue(diagonal, squares, k, largest);
        return sum;
    }

    /// <summary>An upper triangular R with R^T R at least G.</summary>
    internal static double[] Root(double[] gram, int size)
    {
        var r = new double[size * size];
        for (int i = 0; i < size; i++)
        {
            for (int j = i; j < size; j++)
            {
                double sum = gram[(i * size) + j];
                for (int k = 0; k < i; k++)
                    sum -= r[(k * size) + i] * r[(k * size) + j];
                r[(i * size) + j] = j == i ? Math.Sqrt(Math.Max(sum, Negligible * gram[(i * size) + i]))
                    : r[(i * size) + i] > 0 ? sum / r[(i * size) + i] : 0;
            }
        }
        return r;
    }

    /// <summary>
    /// Householder's reduction: the diagonal, and the squares of the elements before it in its row, of a tridiagonal matrix with the same
    /// eigenvalues.
    /// </summary>
    private static (double[] Diagonal, double[] Squares) Tridiagonal(double[] a, int n, CancellationToken ct)
    {
        var squares = new double[n];
        double* v = stackalloc double[n], w = stackalloc double[n];
        fixed (double* start = a)
        {
            for (int k = 0; k < n - 1; k++)
            {
                ct.ThrowIfCancellationRequested();
                int rest = n - k - 1;
                double* row = start + ((nint)k * n) + k + 1;
                double length = Math.Sqrt(LaneMath.Dot(row, row, rest));
                squares[k + 1] = length * length;
                if (rest == 1 || length == 0)
                    continue;
                for (int i = 0; i < rest; i++)
                    v[i] = row[i];
                v[0] += row[0] < 0 ? -length : length;
                double scale = 2 / LaneMath.Dot(v, v, rest);
                double* block = row + n;
                for (int i = 0; i < rest; i++)
                    w[i] = scale * LaneMath.Dot(block + ((nint)i * n), v, rest);
                LaneMath.Add(-0.5 * scale * LaneMath.Dot(v, w, rest), v, w, rest);
                for (int i = 0; i < rest; i++)
                {
                    LaneMath.Add(-v[i], w, block + ((nint)i * n), rest);
                    LaneMath.Add(-w[i], v, block + ((nint)i * n), rest);
                }
            }
        }
        var diagonal = new double[n];
        for (int i = 0; i < n; i++)
            diagonal[i] = a[(i * n) + i];
        return (diagonal, squares);
    }

    /// <summary>The eigenvalue with <paramref name="index"/> larger ones, or a little more: halving by Sturm's count.</summary>
    private static double Eigenvalue(double[] diagonal, double[] squares, int index, double largest)
    {
        (double low, double high) = (-largest, largest);
        for (int i = 0; i < Halvings; i++)
        {
            double middle = 0.5 * (low + high);
            if (CountAbove(diagonal, squares, middle, largest) > index)
                low = middle;
            else
                high = middle;
        }
        return high;
    }

    private static int CountAbove(double[] diagonal, double[] squares, double x, double largest)
    {
        int count = 0;
        double pivot = 1;
        for (int i = 0; i < diagonal.Length; i++)
        {
            pivot = diagonal[i] - x - (squares[i] / pivot);
            if (pivot == 0)
                pivot = 1e-30 * (largest + 1e-300);
            count += pivot > 0 ? 1 : 0;
        }
        return count;
    }

    private static double[] Transpose(double[] a, int size)
    {
        var transpose = new double[a.Length];
        for (int i = 0; i < size; i++)
        {
            for (int j = 0; j < size; j++)
                transpose[(j * size) + i] = a[(i * size) + j];
        }
        return transpose;
    }

    private static double[] Product(double[] a, double[] b, int size)
    {
        var left = new TallMatrix(size, size);
        a.CopyTo(left.Data, 0);
        return left.Times(b, size, threads: 1).Data;
    }
}
