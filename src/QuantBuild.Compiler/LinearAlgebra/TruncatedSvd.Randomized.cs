using QuantBuild.Kernels;
using QuantBuild.Matrices;

namespace QuantBuild.Compiler.LinearAlgebra;

/// <content>The randomized way, for matrices too large for rotations.</content>
internal static partial class TruncatedSvd
{
    // Columns of the basis beyond the rank: they make the iteration converge as the spectrum falls from the rank to here.
    private const int Oversampling = 16;

    // The basis is this many columns wide or a multiple: whole tiles of Gemm, so the extra ones cost nothing.
    private const int BasisStep = 32;

    /// <summary>The iteration ends after so many passes in any case.</summary>
    internal const int MostPasses = 40;

    // Before, the first singular value beyond the rank says nothing yet.
    private const int FewestPasses = 4;

    // As long as the first singular value beyond the rank still rises, it is taken to rise by so many times its last step.
    private const double Settling = 4;

    // Bounds on the estimated ratio of successive rises of the energy.
    private const double FastestRatio = 0.5;
    private const double SlowestRatio = 0.95;

    // Energies measured through float32 products differ by this part for no reason but rounding.
    private const double EnergyResolution = 1e-8;

    /// <summary>
    /// Block power iteration from random signs (Halko, Martinsson, Tropp 2011, algorithm 4.4) that stops by itself when the Frobenius
    /// norm of W - Up Down is found to be within (1 + <paramref name="tolerance"/>) of the smallest possible.
    /// </summary>
    /// <remarks>
    /// Every pass multiplies W or its transpose by an orthonormal basis of 16 to 47 columns more than the rank.  The singular values of
    /// that product give the energy E (sum of squares) which the rank-r approximation within the basis holds; it rises from pass to
    /// pass towards its optimum. When the rises to come, extrapolated from the last two, no longer matter, the result is verified: a bound
    /// U on the energy of any rank-r approximation (<see cref="EnergyBound"/>) gives the excess
    /// <c>sqrt((|W|^2 - E) / (|W|^2 - U)) - 1</c>. The iteration goes on until that is within the tolerance, or U - E within 1e-8 |W|^2,
    /// which float32 products do not resolve; and ends after 40 passes in any case, with <see cref="LowRankFactors.Excess"/> saying what
    /// was reached.
    /// <para>The cost is 2 m n l operations a pass, l the columns of the basis; 4 to 10 passes are typical.  Where the basis would span the
    /// whole space the answer is that of <see cref="Exact"/>.</para>
    /// </remarks>
    /// <param name="w">The matrix [m,n], any strides.</param>
    /// <param name="rank">The r of the factors.</param>
    /// <param name="seed">Chooses the random signs; equal seeds give equal bits.</param>
    /// <param name="tolerance">Accepted relative excess of the residual's norm over the optimum.</param>
    /// <param name="threads">Upper bound on threads, the caller's included; changes no bit.</param>
    /// <param name="ct">Ends the work between blocks of a pass.</param>
    /// <exception cref="ArgumentException"><paramref name="w"/> holds a NaN or an infinity.</exception>
    /// <exception cref="ArithmeticException">A product of <paramref name="w"/> overflows float32.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The rank is negative, or the tolerance is not positive.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="ct"/> was cancelled.</exception>
    public static LowRankFactors Randomized(ReadOnlyMatrixView w, int rank, ulong seed, double tolerance = 1e-3, int threads = 1,
        CancellationToken ct = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(rank);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(tolerance);
        double total = SquaredNorm(w, threads, ct);
        if (rank == 0)
            return new LowRankFactors([], [], 0, [], 0, 0);
        int width = WidthOf(rank);
        return width >= Math.Min(w.Rows, w.Columns)
            ? Rotate(w, rank, ct)
            : Iterate(w, rank, width, seed, tolerance, total, threads, ct);
    }

    /// <summary>Columns of the basis for a rank.</summary>
    internal static int WidthOf(int rank) => (int)((rank + (long)Oversampling + BasisStep - 1) / BasisStep * BasisStep);

    /// <summary>Whether the rises of the energy that are to come no longer matter, so that the bound is worth its work.</summary>
    /// <param name="pass">The pass, from 2.</param>
    /// <param name="energy">E, found in it.</param>
    /// <param name="rise">How much more that is than in the pass before.</param>
    /// <param name="lastRise">The same of the pass before.</param>
    /// <param name="total">|W|^2.</param>
    /// <param name="tolerance">The accepted excess.</param>
    internal static bool MayEnd(int pass, double energy, double rise, double lastRise, double total, double tolerance)
    {
        double ratio = lastRise > 0 ? Math.Clamp(rise / lastRise, FastestRatio, SlowestRatio) : SlowestRatio;
        double toCome = rise * ratio / (1 - ratio);
        return pass >= FewestPasses
            && (pass == MostPasses || toCome <= Math.Max(2 * tolerance * (total - energy), EnergyResolution * total));
    }

    /// <summary>What the first eigenvalue beyond the rank can still become.</summary>
    /// <param name="square">What it is in this pass.</param>
    /// <param name="before">What it was in the pass before.</param>
    internal static double MostBeyond(double square, double before) => square + (Settling * Math.Max(0, square - before));

    private static LowRankFactors Iterate(ReadOnlyMatrixView w, int rank, int width, ulong seed, double tolerance, double total,
        int threads,
        CancellationToken ct)
    {
        var narrow = new float[(long)Math.Max(w.Rows, w.Columns) * width];
        SignMatrix.Fill(narrow.AsSpan(0, w.Columns * width), width, seed);
        TallMatrix basis = Orthonormalization.Factor(Pass(w, narrow, width, threads, ct), threads, ct).Q;
        TallMatrix? lastBasis = null;
        double[] lastR = [];
        double energy = 0, rise = 0, beyond = 0, most = double.PositiveInfinity;
        for (int pass = 2; ; pass++)
        {
            // An even pass has a basis of W's columns and makes one of its rows, W^T basis = next R; an odd one the other way round.
            bool even = pass % 2 == 0;
            basis.Round(narrow);
            (TallMatrix next, double[] r) = Orthonormalization.Factor(Pass(even ? w.Transposed : w, narrow, width, threads, ct), threads,
                ct);
            (double[] values, TallMatrix along, TallMatrix across) = JacobiSvd.Decompose(r, width, width, rank + 1, ct);

            (double lastEnergy, double lastRise) = (energy, rise);
            energy = 0;
            foreach (double value in values.AsSpan(0, rank))
                energy += value * value;
            rise = pass > 2 ? energy - lastEnergy : 0;
            if (MayEnd(pass, energy, rise, lastRise, total, tolerance))
            {
                double square = values[rank] * values[rank];
                most = Math.Min(most,
                    EnergyBound.Of(lastBasis!, lastR, next, r, MostBeyond(square, beyond), rank, threads, ct));
                double excess = Excess(total, energy, most);
                if (excess <= tolerance || pass == MostPasses)
                {
                    // R = across S along^T.
                    TallMatrix ofNext = next.Times(across.Kept(rank), rank, threads, ct),
                        ofBasis = basis.Times(along.Kept(rank), rank, threads, ct);
                    return (even ? Factors(ofBasis, ofNext, values, rank) : Factors(ofNext, ofBasis, values, rank)) with { Passes = pass,
                        Excess = excess };
                }
            }
            (lastBasis, basis, lastR, beyond) = (basis, next, r, values[rank] * values[rank]);
        }
    }

    /// <summary>How far the residual's norm may lie above the smallest possible, as a part of it.</summary>
    internal static double Excess(double total, double energy, double most) =>
        most - energy <= EnergyResolution * total ? 0
        : most < total ? Math.Sqrt((total - energy) / (total - most)) - 1
        : double.PositiveInfinity;

    /// <summary>W times a float32 basis, as float64.</summary>
    private static TallMatrix Pass(ReadOnlyMatrixView w, float[] basis, int width, int threads, CancellationToken ct)
    {
        var product = new float[(long)w.Rows * width];
        Gemm.Multiply(w, new(basis, w.Columns, width), new(product, w.Rows, width), GemmMode.Overwrite, threads, ct);
        return Finite.IsFinite(product)
            ? TallMatrix.From(product, w.Rows, width)
            : throw new ArithmeticException("the matrix is too large for float32 products");
    }
}
