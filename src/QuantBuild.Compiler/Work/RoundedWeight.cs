using QuantBuild.Compiler.Quantizers;
using QuantBuild.Compiler.Store;

namespace QuantBuild.Compiler.Work;

/// <summary>A layer's residual weight in MXFP4.</summary>
/// <param name="Weights">Blob with <c>codes</c> U8 [out, in/2] and <c>scales</c> U8 [out, in/32].</param>
/// <param name="Outcome">How the rounding went.</param>
/// <param name="Branch">The low-rank branch that was found with it; null where the branch was there before.</param>
internal sealed record RoundedWeight(BlobRef Weights, GptqOutcome Outcome, LowRankResult? Branch = null);
