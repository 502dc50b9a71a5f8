using QuantBuild.Compiler.Manifests;
using QuantBuild.Formats;

namespace QuantBuild.Compiler.Quantizers;

/// <summary>Settings of <see cref="Gptq"/>.</summary>
/// <param name="Damp">First damping, as a fraction of the mean of the Hessian's diagonal; 0 or more.</param>
/// <param name="BlockSize">Most columns per lazy update. A matter of speed only: it never changes a bit of the result.</param>
/// <param name="Ties">How exact midpoints between two E2M1 values round.</param>
/// <param name="Order">The order in which channels are rounded.</param>
/// <param name="Exponents">How the exponents of blocks are chosen, before the first channel is rounded.</param>
internal sealed record GptqOptions(double Damp = 0.01, int BlockSize = 512, TieRule Ties = TieRule.Even,
    WeightOrder Order = WeightOrder.Channel, BlockExponents Exponents = BlockExponents.Floor);
