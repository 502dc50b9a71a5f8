using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Quantizers;
using QuantBuild.Compiler.Torch.Tensors;
using QuantBuild.Formats;
using QuantBuild.Torch.Formats;
using QuantBuild.Torch.Tensors;
using TorchSharp;
using static TorchSharp.torch;

namespace QuantBuild.Compiler.Torch.Rounding;

/// <summary>GPTQ on the device, with the same outcomes as <see cref="Gptq"/>; both matrices are changed.</summary>
internal static class TorchGptq
{
    /// <summary>Rounds a weight.</summary>
    /// <param name="weight">The residual weight, [out, in] float32, finite.</param>
    /// <param name="hessian">X^T X / n of the layer's input, [in, in] float32, finite.</param>
    /// <param name="recipe">Damping, order of channels, choice of exponents.</param>
    /// <param name="ties">Where exact midpoints go.</param>
    /// <param name="tables">The tables of the device.</param>
    /// <param name="ct">Ends the work between blocks.</param>
    public static GptqResult Quantize(Tensor weight, Tensor hessian, WeightRecipe recipe, TieRule ties, Mxfp4Tables tables,
        CancellationToken ct)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor diagonal = hessian.diagonal(), silent = diagonal == HeldScalars.Zero;
        int dead = (int)silent.sum().item<long>();
        if (dead > 0)
        {
            weight.masked_fill_(silent.unsqueeze(0), HeldScalars.Zero);
            diagonal.masked_fill_(silent, HeldScalars.One);
        }
        double reference = DiagonalEnergy(weight, diagonal);
        Tensor order = OrderOf(diagonal, recipe.Order);
        if (DampedFactor.TryCreate(DampedFactor.Reversed(hessian, order), recipe.Damp, ct) is not { } factor)
            return FallBack(Gptq.MaxTries, null);
        PackedWeight packed = PackedWeight.Empty((int)weight.shape[0], (int)weight.shape[1]);
        Tensor scales = WeightRounding.Scales(weight, recipe.Exponents == BlockExponents.Error ? diagonal : null, ties, tables, packed);
        double error = ColumnSweep.Run(weight, order, factor, scales, ties, tables, packed, ct);
        if (!double.IsFinite(error))
            return FallBack(factor.Tries, error);
        // The sweep's own sum subtracts the damping's share, which cancels badly once the damping outweighs the Hessian.
        if (factor.Tries > 1)
            error = ErrorEnergy(weight, packed, hessian, tables);
        return new GptqResult(packed, Outcome(factor.Damping, factor.Tries, fellBack: false, error));

        GptqResult FallBack(int tries, double? energy)
        {
            PackedWeight rounded = WeightRounding.ToNearest(weight, ties, tables);
            return new GptqResult(rounded, Outcome(0, tries, fellBack: true, energy ?? ErrorEnergy(weight, rounded, hessian, tables)));
        }

        GptqOutcome Outcome(double damping, int tries, bool fellBack, double energy) =>
            new(damping, tries, fellBack, dead, double.IsFinite(energy) ? energy : null, reference);
    }

    /// <summary>
    /// The channels in the order in which they are rounded; of equal ones the first comes first, as the processor has it.
    /// </summary>
    public static Tensor OrderOf(Tensor diagonal, WeightOrder order)
    {
        float[] values = [.. diagonal.to(CPU).contiguous().data<float>()];
        IEnumerable<int> channels = Enumerable.Range(0, values.Length);
        return tensor([.. (order == WeightOrder.Activation ? channels.OrderByDescending(k => values[k]) : channels).Select(k => (long)k)],
            device: diagonal.device);
    }

    /// <summary><c>tr(E H E^T)</c> of a rounded weight.</summary>
    private static double ErrorEnergy(Tensor weight, PackedWeight rounded, Tensor hessian, Mxfp4Tables tables)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor error = empty_like(weight);
        Mxfp4Weights.Decode(rounded.Codes, rounded.Scales, tables, error);
        error.sub_(weight);
        return SquareSums.Dot(error.mm(hessian), error);
    }

    /// <summary><c>sum_k H_kk ||w_k||²</c>.</summary>
    public static double DiagonalEnergy(Tensor weight, Tensor diagonal)
    {
        double sum = 0;
        foreach ((long first, long count) in RowChunks.Of(weight.shape[0], weight.shape[1]))
        {
            using DisposeScope scope = NewDisposeScope();
            Tensor squares = weight.narrow(0, first, count).to(ScalarType.Float64).Squared().sum([0L]);
            sum += (squares * diagonal).sum().item<double>();
        }
        return sum;
    }
}
