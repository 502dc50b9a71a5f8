using QuantBuild.Formats;
using QuantBuild.Torch.Formats;
using TorchSharp;
using static TorchSharp.torch;

namespace QuantBuild.Compiler.Torch.Rounding;

/// <summary>Tokens as a 4-bit layer sees them.</summary>
internal static class TokenRounding
{
    /// <summary>What rounding leaves of tokens; the tokens themselves where they are not rounded.</summary>
    /// <param name="x">[tokens, in] float32, finite.</param>
    /// <param name="clip">How they are clipped; null where they stay as they are.</param>
    /// <param name="ties">Where exact midpoints go.</param>
    /// <param name="tables">The tables of the device.</param>
    public static Tensor Of(Tensor x, ClipSetting? clip, TieRule ties, Mxfp4Tables tables)
    {
        if (clip is not { } setting)
            return x;
        using DisposeScope scope = NewDisposeScope();
        return Mxfp4Activations.Values(Mxfp4Activations.Round(x, setting, ties, tables), x.shape[1], tables).MoveToOuterDisposeScope();
    }
}
