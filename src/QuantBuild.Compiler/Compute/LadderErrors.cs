using System.Collections.Immutable;
using QuantBuild.Compiler.Quantizers;

namespace QuantBuild.Compiler.Compute;

/// <summary>Output errors of the paper's ladder of methods on some tokens of a layer.</summary>
/// <param name="Tokens">Tokens that were measured.</param>
/// <param name="Sums">Sums of every method, in the order of <see cref="Methods"/>; all have one reference.</param>
internal sealed record LadderErrors(long Tokens, ImmutableArray<ErrorSums> Sums)
{
    /// <summary>The methods, in the order of the paper's Table I.</summary>
    public static ImmutableArray<string> Methods { get; } = ["rtn", "svdquant+rtn", "svdquant+gptq", "recipe"];
}
