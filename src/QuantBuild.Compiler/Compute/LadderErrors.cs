using System.Collections.Immutable;
using QuantBuild.Compiler.Quantizers;

namespace QuantBuild.Compiler.Compute;

/// <summary>
/// Output errors of the compared methods on some tokens of a layer: rounding alone, with branch and smoothing, with the recipe's weights,
/// and with its clip settings.
/// </summary>
/// <param name="Tokens">Tokens that were measured.</param>
/// <param name="Sums">Sums of every method, in the order of <see cref="Methods"/>; all have one reference.</param>
internal sealed record LadderErrors(long Tokens, ImmutableArray<ErrorSums> Sums)
{
    /// <summary>
/// The methods, named as in the paper's Table I and in its order. With <c>refit</c> both of the middle have the refit's branch.
/// </summary>
    public static ImmutableArray<string> Methods { get; } = ["rtn", "svdquant+rtn", "svdquant+gptq", "recipe"];
}
