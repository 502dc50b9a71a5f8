using QuantBuild.Formats;

namespace QuantBuild.Compiler.Quantizers;

/// <summary>Settings of <see cref="Gptq"/>.</summary>
/// <param name="Damp">First damping, as a fraction of the mean of the Hessian's diagonal; 0 or more.</param>
/// <param name="BlockSize">Most columns per lazy update. A matter of speed only: it never changes a bit of the result.</param>
/// <param name="Ties">How exact midpoints between two E2M1 values round.</param>
internal sealed record GptqOptions(double Damp = 0.01, int BlockSize = 512, TieRule Ties = TieRule.Even);
