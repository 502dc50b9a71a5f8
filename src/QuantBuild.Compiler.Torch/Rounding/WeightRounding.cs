using QuantBuild.Compiler.Quantizers;
using QuantBuild.Compiler.Torch.Tensors;
using QuantBuild.Formats;
using QuantBuild.Torch.Formats;
using QuantBuild.Torch.Tensors;
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
            Mxfp4Codes.Write(Mxfp4Codes.Of(blocks.Units).view(blocks.Units.shape[0], -1), packed, first);
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
    /// <param name="importance">
    /// H_kk, [in], for the exponent of the least error among that of the floor rule, one more and one less (<see cref="ExponentChoice"/>);
    /// null for the floor rule's.
    /// </param>
    /// <param name="ties">Where exact midpoints go.</param>
    /// <param name="tables">The tables of the device.</param>
    /// <param name="packed">Receives the scales.</param>
    public static Tensor Scales(Tensor weight, Tensor? importance, TieRule ties, Mxfp4Tables tables, PackedWeight packed)
    {
        Tensor scales = empty([weight.shape[0], Mxfp4.Blocks(packed.Columns)], dtype: ScalarType.Int32, device: weight.device);
        Tensor? weights = importance is null ? null : InBlocks(importance.unsqueeze(0));
        ForRows(weight, ties, tables, (first, blocks) =>
        {
            Tensor chosen = weights is null
                ? blocks.Scales
                : LeastError(InBlocks(weight.narrow(0, first, blocks.Scales.shape[0])), weights, blocks.Scales, ties, tables);
            scales.narrow(0, first, chosen.shape[0]).copy_(chosen.squeeze(-1));
            Mxfp4Codes.WriteScales(chosen, packed, first);
        });
        return scales;
    }

    private static Tensor LeastError(Tensor values, Tensor importance, Tensor floor, TieRule ties, Mxfp4Tables tables)
    {
        (Tensor best, Tensor least) = (floor, Error(floor));
        for (int offset = 1; offset >= -1; offset -= 2)
        {
            Tensor scale = floor.Plus(offset).Between(0, E8M0.NaN - 1), error = Error(scale), isLess = error < least;
            (best, least) = (where(isLess, scale, best), where(isLess, error, least));
        }
        return best;

        Tensor Error(Tensor scale)
        {
            using DisposeScope scope = NewDisposeScope();
            Tensor factor = tables.Scales.index_select(0, scale.view(-1)).view(scale.shape);
            Tensor inverse = tables.Inverses.index_select(0, scale.view(-1)).view(scale.shape);
            Tensor difference = values - (Mxfp4Activations.RoundUnits(values * inverse, ties) * factor);
            return (difference * difference * importance).sum([-1L], keepdim: true).MoveToOuterDisposeScope();
        }
    }

    /// <summary>[rows, blocks, 32], a last block of fewer columns filled up with zeros.</summary>
    private static Tensor InBlocks(Tensor rows)
    {
        long blocks = Mxfp4.Blocks((int)rows.shape[1]), missing = (blocks * Mxfp4.BlockSize) - rows.shape[1];
        return (missing == 0 ? rows : nn.functional.pad(rows, [0, missing])).reshape(-1, blocks, Mxfp4.BlockSize);
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
