using System.Collections.Immutable;
using QuantBuild.Formats;

namespace QuantBuild.Compiler.Quantizers;

/// <summary>A branch and a rounded weight that were found together.</summary>
/// <param name="Branch">The branch, [out, r] and [r, in].</param>
/// <param name="Weight">Codes and scales of the main branch.</param>
/// <param name="Losses">The loss after the first rounding, and after every round.</param>
/// <param name="Kept">Which of them the result has.</param>
/// <param name="Reference">The loss of a main branch of zeros.</param>
/// <param name="FellBack">Whether the Hessian could not be factored, or feedback overflowed: rounded to nearest, no rounds.</param>
internal sealed record RefitResult(LowRankBranch Branch, PackedWeight Weight, ImmutableArray<double> Losses, int Kept, double Reference,
    bool FellBack)
{
    /// <summary>The result of a refit with what led to it.</summary>
    /// <param name="ridge">Added to the diagonal of U.</param>
    /// <param name="modelled">How the rounding was modelled; null where it was not.</param>
    /// <param name="factor">The ridge in units of the mean noise.</param>
    /// <param name="tried">The ridges that were tried.</param>
    /// <param name="start">The branch of the beginning.</param>
    public GptqResult ToGptq(double ridge, ClipSetting? modelled, double factor, ImmutableArray<RidgeChoice.Tried> tried,
        LowRankBranch start) =>
        new(Weight, new GptqOutcome(ridge, 1, FellBack, DeadColumns: 0, FellBack ? null : Losses[Kept], Reference)
        {
            Refit = new RefitOutcome(modelled?.Ratio, modelled?.ExponentOffset, modelled is null ? null : factor, tried, start.Passes,
                double.IsFinite(start.Excess) ? start.Excess : null, Losses, Kept),
        })
        {
            Branch = start.Rank > 0 ? Branch : null,
        };
}
