using QuantBuild.Compiler.Store;

namespace QuantBuild.Compiler.Work;

/// <summary>A layer's low-rank branch, eq. (6).</summary>
/// <param name="Factors">Blob with <c>down</c> BF16 [r, in] and <c>up</c> BF16 [out, r].</param>
/// <param name="Outcome">How they were found.</param>
internal sealed record LowRankResult(BlobRef Factors, LowRankOutcome Outcome);
