using QuantBuild.Compiler.Quantizers;
using QuantBuild.Formats;
using QuantBuild.Torch.Formats;
using QuantBuild.Torch.Tensors;
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

    /// <summary>Fills in codes.</summary>
    /// <param name="weight">W, [out, in] float32.</param>
    /// <param name="order">The channels in the order of the walk, [in] int64.</param>
    /// <param name="factor">M and D, in that order.</param>
    /// <param name="scales">E8M0 bytes as indices, [out, blocks] int32.</param>
    /// <param name="ties">Where exact midpoints go.</param>
    /// <param name="tables">The tables of the device.</param>
    /// <param name="packed">Receives the codes.</param>
    /// <param name="ct">Ends the walk between blocks.</param>
    /// <returns><c>tr(E H E^T)</c> with the undamped H.</returns>
    public static double Run(Tensor weight, Tensor order, DampedFactor factor, Tensor scales, TieRule ties, Mxfp4Tables tables,
        PackedWeight packed, CancellationToken ct)
    {
        (long outputs, long channels) = (weight.shape[0], weight.shape[1]);
        using DisposeScope scope = NewDisposeScope();
        Tensor groups = scales.t().contiguous();
        Tensor errors = empty([channels, outputs], dtype: ScalarType.Float32, device: weight.device);
        Tensor codes = empty([channels, outputs], dtype: ScalarType.Byte, device: weight.device);
        double energy = 0;
        for (long start = 0; start < channels; start += Block)
        {
            ct.ThrowIfCancellationRequested();
            using DisposeScope inner = NewDisposeScope();
            long length = Math.Min(Block, channels - start);
            Tensor here = order.narrow(0, start, length);
            Tensor group = groups.index_select(0, here.FloorOver(Mxfp4.BlockSize)).view(-1);
            Tensor values = weight.index_select(1, here).t().contiguous(), rows = factor.Unit.narrow(1, start, length);
            Tensor sums = start == 0 ? values.clone() : values.Plus(rows.narrow(0, 0, start).t().mm(errors.narrow(0, 0, start)));
            Tensor own = errors.narrow(0, start, length);
            Tensor units = Walk(values, sums, rows.narrow(0, start, length).contiguous(), own,
                tables.Scales.index_select(0, group).view(-1, outputs), tables.Inverses.index_select(0, group).view(-1, outputs), ties);
            codes.index_copy_(0, here, Mxfp4Codes.Of(units));
            energy += Energy(values, sums, own, factor.Pivots.narrow(0, start, length), factor.Damping);
        }
        Mxfp4Codes.Write(Padded(codes).t().contiguous(), packed, 0);
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
            Tensor rounded = Mxfp4Activations.RoundUnits(sums[k] * inverses[k], ties);
            Tensor error = values[k] - (rounded * scales[k]);
            units[k].copy_(rounded);
            errors[k].copy_(error);
            long rest = length - k - 1;
            if (rest > 0)
                sums.narrow(0, k + 1, rest).AccumulateProduct(unit[k].narrow(0, k + 1, rest).unsqueeze(1), error.unsqueeze(0));
        }
        return units;
    }

    /// <summary>What a block adds to <c>tr(E (M D M^T - damping I) E^T)</c>: M^T e is the feedback <c>z - q</c>, with q = w - e.</summary>
    private static double Energy(Tensor values, Tensor sums, Tensor errors, Tensor pivots, double damping)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor error = errors.to(ScalarType.Float64), feedback = (sums.to(ScalarType.Float64) - values).Plus(error);
        return (feedback.Squared().sum([1L]) * pivots).sum().item<double>() - (damping * error.Squared().sum().item<double>());
    }

    /// <summary>An even number of channels.</summary>
    private static Tensor Padded(Tensor codes) => codes.shape[0] % 2 == 0 ? codes : nn.functional.pad(codes, [0, 0, 0, 1]);
}
