using System.Collections.Immutable;

namespace QuantBuild.Compiler.Quantizers;

/// <summary>A branch and a rounded weight that were found together.</summary>
/// <param name="Branch">The branch, [out, r] and [r, in].</param>
/// <param name="Weight">Codes and scales of the main branch.</param>
/// <param name="Losses">The loss after the first rounding, and after every round.</param>
/// <param name="Kept">Which of them the result has.</param>
/// <param name="Reference">The loss of a main branch of zeros.</param>
/// <param name="FellBack">Whether the Hessian could not be factored, or feedback overflowed: rounded to nearest, no rounds.</param>
internal sealed record RefitResult(LowRankBranch Branch, PackedWeight Weight, ImmutableArray<double> Losses, int Kept, double Reference,
    bool FellBack);
