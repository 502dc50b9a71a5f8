using QuantBuild.Compiler.Quantizers;
using QuantBuild.Compiler.Torch.Tensors;
using QuantBuild.Formats;
using QuantBuild.Torch.Formats;
using TorchSharp;
using static TorchSharp.torch;

namespace QuantBuild.Compiler.Torch.Rounding;

/// <summary>GPTQ on the device, with the same outcomes as <see cref="Gptq"/>; both matrices are changed.</summary>
internal static class TorchGptq
{
    /// <summary>Rounds a weight.</summary>
    /// <param name="weight">The residual weight, [out, in] float32, finite.</param>
    /// <param name="hessian">X^T X / n of the layer's input, [in, in] float32, finite.</param>
    /// <param name="damp">First damping, as a fraction of the mean of the Hessian's diagonal.</param>
    /// <param name="ties">Where exact midpoints go.</param>
    /// <param name="tables">The tables of the device.</param>
    /// <param name="ct">Ends the work between blocks.</param>
    public static GptqResult Quantize(Tensor weight, Tensor hessian, double damp, TieRule ties, Mxfp4Tables tables, CancellationToken ct)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor diagonal = hessian.diagonal(), silent = diagonal == 0;
        int dead = (int)silent.sum().item<long>();
        if (dead > 0)
        {
            weight.masked_fill_(silent.unsqueeze(0), 0);
            diagonal.masked_fill_(silent, 1);
        }
        double reference = DiagonalEnergy(weight, diagonal);
        if (DampedFactor.TryCreate(hessian, damp, ct) is not { } factor)
            return FallBack(Gptq.MaxTries, null);
        PackedWeight packed = PackedWeight.Empty((int)weight.shape[0], (int)weight.shape[1]);
        double error = ColumnSweep.Run(weight, factor, ties, tables, packed, ct);
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
    private static double DiagonalEnergy(Tensor weight, Tensor diagonal)
    {
        double sum = 0;
        foreach ((long first, long count) in RowChunks.Of(weight.shape[0], weight.shape[1]))
        {
            using DisposeScope scope = NewDisposeScope();
            Tensor squares = weight.narrow(0, first, count).to(ScalarType.Float64).square().sum([0L]);
            sum += (squares * diagonal).sum().item<double>();
        }
        return sum;
    }
}
