namespace QuantBuild.Compiler.LinearAlgebra;

/// <summary>A rank-r approximation Up Down of a matrix W[m,n], its singular values shared evenly between the two factors.</summary>
/// <param name="Up">U sqrt(S), [m,r] row-major.  The largest component of every column (the first of equals) is positive.</param>
/// <param name="Down">sqrt(S) V^T, [r,n] row-major.</param>
/// <param name="Rank">The r that was asked for. When W has fewer singular values, or some are zero, the last columns of
/// <paramref name="Up"/> and rows of <paramref name="Down"/> are zero.</param>
/// <param name="SingularValues">The r largest singular values of W, descending.</param>
/// <param name="Passes">Products with W or its transpose that were taken; 0 for a full decomposition.</param>
/// <param name="Excess">
/// How far |W - Up Down| may lie above the smallest possible, as a part of it; 0 where float32 does not resolve it, or for a full
/// decomposition.
/// </param>
internal sealed record LowRankFactors(float[] Up, float[] Down, int Rank, float[] SingularValues, int Passes, double Excess);
