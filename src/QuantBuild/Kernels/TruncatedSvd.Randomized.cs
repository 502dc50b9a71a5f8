namespace QuantBuild.Kernels;

/// <content>The randomized way, for matrices too large for rotations.</content>
public static partial class TruncatedSvd
{
    // Columns of the basis beyond the rank: they make the iteration converge as the spectrum falls from the rank to here.
    private const int Oversampling = 16;

    // The basis is this many columns wide or a multiple: whole tiles of Gemm, so the extra ones cost nothing.
    private const int BasisStep = 32;

    private const int MostPasses = 40;

    // The ratio creeps up as the fast components settle; the estimate of what is to come allows for that.
    private const double Safety = 2;

    // Bounds on the estimated ratio of successive rises of the energy.
    private const double FastestRatio = 0.5;
    private const double SlowestRatio = 0.95;

    // Energies measured through float32 products differ by this part for no reason but rounding.
    private const double EnergyResolution = 1e-8;

    /// <summary>
    /// Block power iteration from random signs (Halko, Martinsson, Tropp 2011, algorithm 4.4) that stops by itself when the Frobenius
    /// norm of W - Up Down is within (1 + <paramref name="tolerance"/>) of the smallest possible.
    /// </summary>
    /// <remarks>
    /// Every pass multiplies W or its transpose by an orthonormal basis of 16 to 47 columns more than the rank.  The singular values of
    /// that product give the energy E (sum of squares) which the rank-r approximation within the basis holds; it rises from pass to
    /// pass towards its optimum.  With d the last rise and q its ratio to the rise before (kept between 0.5 and 0.95), the rises to come
    /// are estimated, generously, as 2 d q / (1 - q).  The iteration stops when they are at most 2 tolerance (|W|^2 - E), the change of the
    /// squared residual that the tolerance allows, or at most 1e-8 |W|^2, which float32 products do not resolve; and after 40 passes in
    /// any case, which only a nearly flat spectrum with a tolerance below 1e-4 was seen to need.
    /// <para>The cost is 2 m n l operations a pass, l the columns of the basis; 4 to 10 passes are typical.  Where the basis would span the
    /// whole space the answer is that of <see cref="Exact"/>.</para>
    /// </remarks>
    /// <param name="w">The matrix [m,n], any strides.</param>
    /// <param name="rank">The r of the factors.</param>
    /// <param name="seed">Chooses the random signs; equal seeds give equal bits.</param>
    /// <param name="tolerance">Accepted relative excess of the residual's norm over the optimum.</param>
    /// <param name="threads">Upper bound on threads, the caller's included; changes no bit.</param>
    /// <exception cref="ArgumentException"><paramref name="w"/> holds a NaN or an infinity.</exception>
    /// <exception cref="ArithmeticException">A product of <paramref name="w"/> overflows float32.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The rank is negative, or the tolerance is not positive.</exception>
    public static LowRankFactors Randomized(ReadOnlyMatrixView w, int rank, ulong seed, double tolerance = 1e-3, int threads = 1)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(rank);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(tolerance);
        double total = SquaredNorm(w, threads);
        if (rank == 0)
            return new LowRankFactors([], [], 0, []);
        long width = (rank + (long)Oversampling + BasisStep - 1) / BasisStep * BasisStep;
        return width >= Math.Min(w.Rows, w.Columns) ? Rotate(w, rank) : Iterate(w, rank, (int)width, seed, tolerance, total, threads);
    }

    private static LowRankFactors Iterate(ReadOnlyMatrixView w, int rank, int width, ulong seed, double tolerance, double total, int threads)
    {
        var narrow = new float[(long)Math.Max(w.Rows, w.Columns) * width];
        SignMatrix.Fill(narrow.AsSpan(0, w.Columns * width), width, seed);
        TallMatrix basis = Orthonormalization.Factor(Pass(w, narrow, width, threads), threads).Q;
        double energy = 0, rise = 0;
        for (int pass = 2; ; pass++)
        {
            // An even pass has a basis of W's columns and makes one of its rows, W^T basis = next R; an odd one the other way round.
            bool even = pass % 2 == 0;
            basis.Round(narrow);
            (TallMatrix next, double[] r) = Orthonormalization.Factor(Pass(even ? w.Transposed : w, narrow, width, threads), threads);
            (double[] values, TallMatrix along, TallMatrix across) = JacobiSvd.Decompose(r, width, width, rank);

            (double lastEnergy, double lastRise) = (energy, rise);
            energy = 0;
            foreach (double value in values)
                energy += value * value;
            rise = pass > 2 ? energy - lastEnergy : 0;
            double ratio = lastRise > 0 ? Math.Clamp(rise / lastRise, FastestRatio, SlowestRatio) : SlowestRatio;
            double toCome = Safety * rise * ratio / (1 - ratio);
            double accepted = Math.Max(2 * tolerance * (total - energy), EnergyResolution * total);
            if ((pass > 2 && toCome <= accepted) || pass == MostPasses)
            {
                // R = across S along^T.
                TallMatrix ofNext = next.Times(across.Data, rank, threads), ofBasis = basis.Times(along.Data, rank, threads);
                return even ? Factors(ofBasis, ofNext, values, rank) : Factors(ofNext, ofBasis, values, rank);
            }
            basis = next;
        }
    }

    /// <summary>W times a float32 basis, as float64.</summary>
    private static TallMatrix Pass(ReadOnlyMatrixView w, float[] basis, int width, int threads)
    {
        var product = new float[(long)w.Rows * width];
        Gemm.Multiply(w, new(basis, w.Columns, width), new(product, w.Rows, width), GemmMode.Overwrite, threads);
        return Finite.IsFinite(product)
            ? TallMatrix.From(product, w.Rows, width)
            : throw new ArithmeticException("the matrix is too large for float32 products");
    }
}
