using QuantBuild.Kernels;
using QuantBuild.Matrices;

namespace QuantBuild.Compiler.Quantizers;

/// <summary>The directions of a branch in the metric of the input: <c>K = A U</c>, <c>S = A U A^T = L L^T</c>.</summary>
/// <remarks>
/// Whatever a weight error has along the rows of A the branch can take, if it is fitted again. For a row e, with the best row b of B,
/// that is <c>e U e^T - min over b of (e - b A) U (e - b A)^T = || L^-1 K e^T ||²</c>. S and L are double; a row that hangs on those above
/// it counts for nothing.
/// </remarks>
internal sealed class BranchMetric
{
    // Less of a row's own energy than float32 products resolve.
    private const double Least = 1e-9;

    private readonly LowRankBranch _branch;
    private readonly float[] _products;
    private readonly double[] _energies;
    private readonly double[] _root;

    private BranchMetric(LowRankBranch branch, float[] products, double[] energies, double[] root) =>
        (_branch, _products, _energies, _root) = (branch, products, energies, root);

    /// <summary>Computes it.</summary>
    /// <param name="branch">A is taken.</param>
    /// <param name="second">U, [in, in].</param>
    /// <param name="threads">Threads to use; the result does not depend on it.</param>
    /// <param name="ct">Ends the work between blocks.</param>
    public static BranchMetric Of(LowRankBranch branch, ReadOnlyMatrixView second, int threads, CancellationToken ct)
    {
        int rank = branch.Rank, inputs = branch.Columns;
        var products = new float[rank * inputs];
        var energies = new double[rank * rank];
        if (rank > 0)
        {
            Gemm.Multiply(new(branch.Down, rank, inputs), second, new(products, rank, inputs), GemmMode.Overwrite, threads, ct);
        }
        for (int i = 0; i < rank; i++)
        {
            for (int j = 0; j <= i; j++)
            {
                energies[(i * rank) + j] = energies[(j * rank) + i] =
                    FixedSums.Dot(products.AsSpan(i * inputs, inputs), branch.Down.AsSpan(j * inputs, inputs));
            }
        }
        return new BranchMetric(branch, products, energies, Root(energies, rank));
    }

    /// <summary><c>sqrt(part) L^-1 K</c>, [r, in]: the directions, each of unit energy.</summary>
    public float[] Directions(double part)
    {
        int rank = _branch.Rank, inputs = _branch.Columns;
        var directions = new float[_products.Length];
        double factor = Math.Sqrt(part);
        var column = new double[rank];
        for (int k = 0; k < inputs; k++)
        {
            for (int i = 0; i < rank; i++)
                column[i] = _products[(i * inputs) + k];
            Solve(column);
            for (int i = 0; i < rank; i++)
                directions[(i * inputs) + k] = (float)(column[i] * factor);
        }
        return directions;
    }

    /// <summary><c>sum over rows of e U e^T</c> from what is left of it without a part of the branch's directions.</summary>
    /// <param name="left"><c>sum of (e - b A) U (e - b A)^T - part || L^-1 K (e - b A)^T ||²</c>.</param>
    /// <param name="part">How much of the directions was taken out.</param>
    /// <param name="errors">e, [rows, in].</param>
    /// <param name="up">b, [rows, r].</param>
    /// <param name="threads">Threads to use; the result does not depend on it.</param>
    /// <param name="ct">Ends the work between blocks.</param>
    public double Whole(double left, double part, ReadOnlyMatrixView errors, ReadOnlyMatrixView up, int threads, CancellationToken ct) =>
        left + Sum(errors, up, (row, products, image) =>
        {
            double sum = 0;
            for (int i = 0; i < row.Length; i++)
                sum += row[i] * ((2 * products[i]) - image[i]);
            for (int i = 0; i < row.Length; i++)
                image[i] = products[i] - image[i];
            Solve(image);
            foreach (double value in image)
                sum += part * value * value;
            return sum;
        }, threads, ct);

    /// <summary><c>sum over rows of (e - b A) U (e - b A)^T - e U e^T</c>: what a branch takes off, negative.</summary>
    /// <param name="errors">e, [rows, in].</param>
    /// <param name="up">b, [rows, r].</param>
    /// <param name="threads">Threads to use; the result does not depend on it.</param>
    /// <param name="ct">Ends the work between blocks.</param>
    public double Taken(ReadOnlyMatrixView errors, ReadOnlyMatrixView up, int threads, CancellationToken ct) =>
        Sum(errors, up, static (row, products, image) =>
        {
            double sum = 0;
            for (int i = 0; i < row.Length; i++)
                sum += row[i] * (image[i] - (2 * products[i]));
            return sum;
        }, threads, ct);

    /// <summary>A term of a row from b, <c>K e^T</c> and <c>S b^T</c>, which it may overwrite.</summary>
    private delegate double Term(double[] row, double[] products, double[] image);

    private double Sum(ReadOnlyMatrixView errors, ReadOnlyMatrixView up, Term term, int threads, CancellationToken ct)
    {
        int rank = _branch.Rank;
        var products = new float[errors.Rows * rank];
        Gemm.Multiply(errors, new ReadOnlyMatrixView(_products, rank, errors.Columns).Transposed, new(products, errors.Rows, rank),
            GemmMode.Overwrite, threads, ct);
        double sum = 0;
        double[] b = new double[rank], product = new double[rank], image = new double[rank];
        for (int row = 0; row < errors.Rows; row++)
        {
            for (int i = 0; i < rank; i++)
                (b[i], product[i], image[i]) = (up[row, i], products[(row * rank) + i], 0);
            for (int i = 0; i < rank; i++)
            {
                for (int j = 0; j < rank; j++)
                    image[i] += _energies[(i * rank) + j] * b[j];
            }
            sum += term(b, product, image);
        }
        return sum;
    }

    /// <summary>x = L^-1 x; 0 where L has no pivot.</summary>
    private void Solve(double[] x)
    {
        int rank = x.Length;
        for (int i = 0; i < rank; i++)
        {
            double sum = x[i], pivot = _root[i * (rank + 1)];
            for (int j = 0; j < i; j++)
                sum -= _root[(i * rank) + j] * x[j];
            x[i] = pivot > 0 ? sum / pivot : 0;
        }
    }

    private static double[] Root(double[] energies, int rank)
    {
        var root = new double[energies.Length];
        for (int j = 0; j < rank; j++)
        {
            for (int i = j; i < rank; i++)
            {
                double sum = energies[(i * rank) + j];
                for (int t = 0; t < j; t++)
                    sum -= root[(i * rank) + t] * root[(j * rank) + t];
                double pivot = root[j * (rank + 1)];
                root[(i * rank) + j] = i > j ? pivot > 0 ? sum / pivot : 0 : sum > Least * energies[j * (rank + 1)] ? Math.Sqrt(sum) : 0;
            }
        }
        return root;
    }
}
