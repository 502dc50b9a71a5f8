using QuantBuild.Compiler.Quantizers;
using QuantBuild.Formats;
using QuantBuild.Torch.Formats;
using TorchSharp;
using static TorchSharp.torch;

namespace QuantBuild.Compiler.Torch.Rounding;

/// <summary>The walk of GPTQ through the columns of a weight, on the device.</summary>
/// <remarks>
/// As <see cref="GptqSweep"/> has it, for all output rows at once: <c>z_k = w_k + sum over j &lt; k of M_jk e_j</c>, <c>q_k</c> is z_k
/// rounded to its group's grid, <c>e_k = w_k - q_k</c>. Channels are rows here. All errors before a block of channels enter it by one
/// product; within the block every channel's error is added to those after it.
/// </remarks>
internal static class ColumnSweep
{
    /// <summary>Channels of a block. Results depend on it by rounding: it is no setting.</summary>
    public const int Block = 128;

    /// <summary>Fills in scales and codes.</summary>
    /// <param name="weight">W, [out, in] float32.</param>
    /// <param name="factor">M and D.</param>
    /// <param name="ties">Where exact midpoints go.</param>
    /// <param name="tables">The tables of the device.</param>
    /// <param name="packed">Receives the result.</param>
    /// <param name="ct">Ends the walk between blocks.</param>
    /// <returns><c>tr(E H E^T)</c> with the undamped H.</returns>
    public static double Run(Tensor weight, DampedFactor factor, TieRule ties, Mxfp4Tables tables, PackedWeight packed,
        CancellationToken ct)
    {
        (long outputs, long channels) = (weight.shape[0], weight.shape[1]);
        using DisposeScope scope = NewDisposeScope();
        Tensor codes = WeightRounding.Scales(weight, tables, packed).t().contiguous();
        Tensor errors = empty([channels, outputs], dtype: ScalarType.Float32, device: weight.device);
        double energy = 0;
        for (long start = 0; start < channels; start += Block)
        {
            ct.ThrowIfCancellationRequested();
            using DisposeScope inner = NewDisposeScope();
            long length = Math.Min(Block, channels - start);
            Tensor groups = codes.narrow(0, start / Mxfp4.BlockSize, Mxfp4.Blocks((int)length)).reshape(-1);
            Tensor scales = tables.Scales.index_select(0, groups).view(-1, outputs);
            Tensor inverses = tables.Inverses.index_select(0, groups).view(-1, outputs);
            Tensor values = weight.narrow(1, start, length).t().contiguous();
            Tensor rows = factor.Unit.narrow(1, start, length);
            Tensor sums = start == 0 ? values.clone() : values + rows.narrow(0, 0, start).t().mm(errors.narrow(0, 0, start));
            Tensor own = errors.narrow(0, start, length);
            Tensor units = Walk(values, sums, rows.narrow(0, start, length).contiguous(), own, scales, inverses, ties);
            Mxfp4Codes.Write(Padded(units).t().contiguous(), packed, 0, (int)start);
            energy += Energy(values, sums, own, factor.Pivots.narrow(0, start, length), factor.Damping);
        }
        return energy;
    }

    /// <summary>Rounds a block channel by channel, [channels, out] of units; its sums become final, and its errors are filled in.</summary>
    private static Tensor Walk(Tensor values, Tensor sums, Tensor unit, Tensor errors, Tensor scales, Tensor inverses, TieRule ties)
    {
        long length = values.shape[0];
        Tensor units = empty_like(values);
        for (long k = 0; k < length; k++)
        {
            using DisposeScope scope = NewDisposeScope();
            Tensor rounded = Mxfp4Activations.RoundUnits(sums[k] * inverses[k / Mxfp4.BlockSize], ties);
            Tensor error = values[k] - (rounded * scales[k / Mxfp4.BlockSize]);
            units[k].copy_(rounded);
            errors[k].copy_(error);
            long rest = length - k - 1;
            if (rest > 0)
                sums.narrow(0, k + 1, rest).addcmul_(unit[k].narrow(0, k + 1, rest).unsqueeze(1), error.unsqueeze(0), 1);
        }
        return units;
    }

    /// <summary>What a block adds to <c>tr(E (M D M^T - damping I) E^T)</c>: M^T e is the feedback <c>z - q</c>, with q = w - e.</summary>
    private static double Energy(Tensor values, Tensor sums, Tensor errors, Tensor pivots, double damping)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor error = errors.to(ScalarType.Float64), feedback = sums.to(ScalarType.Float64) - values + error;
        return (feedback.square().sum([1L]) * pivots).sum().item<double>() - (damping * error.square().sum().item<double>());
    }

    private static Tensor Padded(Tensor units)
    {
        long missing = (Mxfp4.Blocks((int)units.shape[0]) * (long)Mxfp4.BlockSize) - units.shape[0];
        return missing == 0 ? units : nn.functional.pad(units, [0, 0, 0, missing]);
    }
}
