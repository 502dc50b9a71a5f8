using QuantBuild.Formats;
using QuantBuild.Torch.Tensors;
using TorchSharp;
using static TorchSharp.torch;

namespace QuantBuild.Torch.Formats;

/// <summary>
/// Rounds activations to MXFP4 on the device by plain operations, every value as <see cref="Mxfp4.QuantizeDequantize"/> has it.
/// </summary>
internal static class Mxfp4Activations
{
    private static readonly Scalar Least = -E2M1.MaxValue, Most = E2M1.MaxValue;

    /// <summary>A block's values and its scale.</summary>
    /// <param name="Units">Values in units of the block's scale, E2M1, [tokens, blocks, 32] float32.</param>
    /// <param name="Scales">E8M0 bytes as indices, [tokens, blocks, 1] int32.</param>
    public readonly record struct Blocks(Tensor Units, Tensor Scales);

    /// <summary>Rounds every block of 32 channels of every token.</summary>
    /// <param name="x">[tokens, channels] float32.</param>
    /// <param name="clip">How the input is clipped.</param>
    /// <param name="ties">Where exact midpoints go.</param>
    /// <param name="tables">The tables of the device.</param>
    /// <param name="rule">How scales follow from a block's largest magnitude.</param>
    /// <returns>The blocks; a last one of fewer channels is padded with zeros.</returns>
    public static Blocks Round(Tensor x, ClipSetting clip, TieRule ties, Mxfp4Tables tables, ScaleRule rule = ScaleRule.Ceil)
    {
        long tokens = x.shape[0], blocks = Mxfp4.Blocks((int)x.shape[1]), missing = (blocks * Mxfp4.BlockSize) - x.shape[1];
        if (clip.Threshold is { } threshold)
            x = x.Between(-threshold, threshold);
        // NaN counts as zero; infinities stay.
        x = x.nan_to_num(0, double.PositiveInfinity, double.NegativeInfinity);
        if (missing > 0)
            x = nn.functional.pad(x, [0, missing]);
        x = x.view(tokens, blocks, Mxfp4.BlockSize);
        Tensor scales = ScaleCodes(x.abs().amax([-1], keepdim: true).Times(clip.BlockRatio), rule, clip.ExponentOffset);
        Tensor inverse = tables.Inverses.index_select(0, scales.view(-1)).view(tokens, blocks, 1);
        return new Blocks(RoundUnits(x * inverse, ties), scales);
    }

    /// <summary>The values that blocks stand for, [tokens, channels] float32.</summary>
    /// <param name="blocks">The blocks.</param>
    /// <param name="channels">Channels without padding.</param>
    /// <param name="tables">The tables of the device.</param>
    public static Tensor Values(Blocks blocks, long channels, Mxfp4Tables tables)
    {
        Tensor scale = tables.Scales.index_select(0, blocks.Scales.view(-1)).view(blocks.Scales.shape);
        Tensor values = (blocks.Units * scale).view(blocks.Units.shape[0], -1);
        return values.shape[1] == channels ? values : values.narrow(1, 0, channels);
    }

    /// <summary>The E8M0 bytes of blocks by their largest magnitudes, as <see cref="E8M0.ForMaximum"/>.</summary>
    private static Tensor ScaleCodes(Tensor maximum, ScaleRule rule, int offset)
    {
        // maximum = f 2^e with f in [0.5, 1): one exponent more than the rule's mantissa in [1, 2) has.
        (Tensor fraction, Tensor exponent) = maximum.frexp();
        Tensor e = exponent.Plus(offset - 3);
        if (rule == ScaleRule.Ceil)
            e = e.Plus(fraction.IsAbove(0.75).to(ScalarType.Int32));
        Tensor code = e.Between(-127, 127).Plus(E8M0.One);
        // What frexp makes of infinity is not said anywhere.
        code = code.Masked(maximum.isinf(), Math.Clamp(127 + offset, -127, 127) + E8M0.One);
        return code.Masked(maximum == HeldScalars.Zero, E8M0.One);
    }

    /// <summary>The nearest E2M1 value: steps of a half below 2, of 1 below 4, of 2 above.</summary>
    /// <param name="units">Values in units of their blocks' scales; none is NaN.</param>
    /// <param name="ties">Where exact midpoints go.</param>
    internal static Tensor RoundUnits(Tensor units, TieRule ties)
    {
        Tensor v = units.clamp(Least, Most), magnitude = v.abs();
        Tensor step = ((magnitude >= HeldScalars.Two).to(ScalarType.Float32) * HeldScalars.Half)
            .Plus((magnitude >= HeldScalars.Four).to(ScalarType.Float32)).Plus(HeldScalars.Half);
        Tensor rounded = ties == TieRule.Even ? (magnitude / step).round() : ((magnitude / step) - HeldScalars.Half).ceil();
        return (rounded * step).copysign(v);
    }
}
