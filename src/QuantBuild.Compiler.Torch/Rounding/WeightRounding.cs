using QuantBuild.Compiler.Quantizers;
using QuantBuild.Compiler.Torch.Tensors;
using QuantBuild.Formats;
using QuantBuild.Torch.Formats;
using TorchSharp;
using static TorchSharp.torch;

namespace QuantBuild.Compiler.Torch.Rounding;

/// <summary>Weights in MXFP4, scales by the floor rule.</summary>
internal static class WeightRounding
{
    /// <summary>Rounds every value on its own.</summary>
    /// <param name="weight">[out, in] float32, finite.</param>
    /// <param name="ties">Where exact midpoints go.</param>
    /// <param name="tables">The tables of the device.</param>
    public static PackedWeight ToNearest(Tensor weight, TieRule ties, Mxfp4Tables tables)
    {
        PackedWeight packed = PackedWeight.Empty((int)weight.shape[0], (int)weight.shape[1]);
        ForRows(weight, ties, tables, (first, blocks) =>
        {
            Mxfp4Codes.Write(blocks.Units.view(blocks.Units.shape[0], -1), packed, first, 0);
            Mxfp4Codes.WriteScales(blocks.Scales, packed, first);
        });
        return packed;
    }

    /// <summary>Replaces a weight by the values that its codes would stand for.</summary>
    /// <param name="weight">[out, in] float32, finite.</param>
    /// <param name="ties">Where exact midpoints go.</param>
    /// <param name="tables">The tables of the device.</param>
    /// <returns>The weight.</returns>
    public static Tensor InPlace(Tensor weight, TieRule ties, Mxfp4Tables tables)
    {
        ForRows(weight, ties, tables, (first, blocks) =>
            weight.narrow(0, first, blocks.Units.shape[0]).copy_(Mxfp4Activations.Values(blocks, weight.shape[1], tables)));
        return weight;
    }

    /// <summary>The scales of a weight, as indices, [out, blocks] int32; they are written too.</summary>
    /// <param name="weight">[out, in] float32, finite.</param>
    /// <param name="tables">The tables of the device.</param>
    /// <param name="packed">Receives the scales.</param>
    public static Tensor Scales(Tensor weight, Mxfp4Tables tables, PackedWeight packed)
    {
        Tensor scales = empty([weight.shape[0], Mxfp4.Blocks(packed.Columns)], dtype: ScalarType.Int32, device: weight.device);
        ForRows(weight, TieRule.Even, tables, (first, blocks) =>
        {
            scales.narrow(0, first, blocks.Scales.shape[0]).copy_(blocks.Scales.squeeze(-1));
            Mxfp4Codes.WriteScales(blocks.Scales, packed, first);
        });
        return scales;
    }

    private static void ForRows(Tensor weight, TieRule ties, Mxfp4Tables tables, Action<int, Mxfp4Activations.Blocks> work)
    {
        foreach ((long first, long count) in RowChunks.Of(weight.shape[0], weight.shape[1]))
        {
            using DisposeScope scope = NewDisposeScope();
            work((int)first,
                Mxfp4Activations.Round(weight.narrow(0, first, count), ClipSetting.None, ties, tables, ScaleRule.Floor));
        }
    }
}
