namespace QuantBuild.Compiler.LinearAlgebra;

/// <summary>
/// Singular values by one-sided Jacobi rotations in float64 (Hestenes): vectors are rotated pair by pair until all are orthogonal;
/// their lengths are then the singular values, their directions the singular vectors of their side.
/// </summary>
internal static unsafe class JacobiSvd
{
    // Two vectors count as orthogonal at a cosine of 1e-13, or when what is left of their product is the rounding that rotations with
    // the longest vector leave behind.
    private const double Cosine = 1e-13;
    private const double Noise = 1e-15;

    // Convergence is quadratic and takes about ten sweeps; the bound only makes the running time finite.
    private const int MostSweeps = 60;

    // Singular values below this part of the largest are rounding.
    private const double Negligible = 1e-12;

    /// <summary>
    /// The largest singular values of the matrix whose rows are <paramref name="vectors"/>, and their singular vectors.  Where there
    /// are fewer than <paramref name="kept"/> that are not zero, values and vectors end in zeros.
    /// </summary>
    /// <param name="vectors">[count,length] row-major; kept as it is.</param>
    /// <param name="count">Number of vectors; at most their length, or the last are zero.</param>
    /// <param name="length">Length of a vector.</param>
    /// <param name="kept">How many singular values are wanted, at most <paramref name="count"/>.</param>
    /// <param name="ct">Ends the work between rotations.</param>
    /// <returns>Values descending, vectors [length,kept] of the rows' space, and [count,kept] of the other.</returns>
    public static (double[] Values, TallMatrix Along, TallMatrix Across) Decompose(double[] vectors, int count, int length, int kept,
        CancellationToken ct = default)
    {
        double[] rotated = [.. vectors];
        int[] order = Orthogonalize(rotated, count, length, ct);
        var values = new double[kept];
        var along = new TallMatrix(length, kept);
        var across = new TallMatrix(count, kept);
        fixed (double* start = rotated, original = vectors)
        {
            for (int k = 0; k < kept; k++)
            {
                double* vector = start + ((nint)order[k] * length);
                double value = Math.Sqrt(LaneMath.Dot(vector, vector, length));
                if (value == 0 || value <= Negligible * values[0])
                    break;
                values[k] = value;
                for (int j = 0; j < length; j++)
                    along[j, k] = vector[j] / value;
                // The other side's vector follows from the matrix: it was not carried through the rotations.
                for (int i = 0; i < count; i++)
                    across[i, k] = LaneMath.Dot(original + ((nint)i * length), vector, length) / (value * value);
            }
        }
        return (values, along, across);
    }

    /// <summary>
    /// Makes the rows of <paramref name="vectors"/> orthogonal by rotating them into each other, and returns their indices by descending
    /// length.
    /// </summary>
    private static int[] Orthogonalize(double[] vectors, int count, int length, CancellationToken ct)
    {
        var order = new int[count];
        var squares = new double[count];
        fixed (double* start = vectors)
        {
            for (int sweep = 0; sweep < MostSweeps; sweep++)
            {
                Sort(start, length, order, squares);
                if (!Sweep(start, length, order, squares, ct))
                    break;
            }
            Sort(start, length, order, squares);
        }
        return order;
    }

    /// <summary>Measures all vectors and orders them from long to short; those of equal length by index.</summary>
    private static void Sort(double* start, int length, int[] order, double[] squares)
    {
        for (int i = 0; i < order.Length; i++)
        {
            order[i] = i;
            double* vector = start + ((nint)i * length);
            squares[i] = LaneMath.Dot(vector, vector, length);
        }
        Array.Sort(order, (i, j) => squares[i] != squares[j] ? squares[j].CompareTo(squares[i]) : i.CompareTo(j));
    }

    /// <summary>Rotates every pair once, the longest vectors first, and says whether any pair needed it.</summary>
    private static bool Sweep(double* start, int length, int[] order, double[] squares, CancellationToken ct)
    {
        bool rotated = false;
        double longest = order.Length == 0 ? 0 : Math.Sqrt(squares[order[0]]);
        for (int p = 0; p < order.Length - 1; p++)
        {
            ct.ThrowIfCancellationRequested();
            double* x = start + ((nint)order[p] * length);
            for (int q = p + 1; q < order.Length; q++)
            {
                double* y = start + ((nint)order[q] * length);
                ref double xx = ref squares[order[p]], yy = ref squares[order[q]];
                double xy = LaneMath.Dot(x, y, length);
                double larger = Math.Sqrt(Math.Max(xx, yy)), smaller = Math.Sqrt(Math.Max(0, Math.Min(xx, yy)));
                if (Math.Abs(xy) <= larger * Math.Max(Cosine * smaller, Noise * longest))
                    continue;
                rotated = true;
                // The smaller of the two angles that make the product zero.
                double ratio = (yy - xx) / (2 * xy);
                double tangent = Math.CopySign(1, ratio) / (Math.Abs(ratio) + Math.Sqrt(1 + (ratio * ratio)));
                double cosine = 1 / Math.Sqrt(1 + (tangent * tangent));
                LaneMath.Rotate(x, y, length, cosine, cosine * tangent);
                xx -= tangent * xy;
                yy += tangent * xy;
            }
        }
        return rotated;
    }
}
