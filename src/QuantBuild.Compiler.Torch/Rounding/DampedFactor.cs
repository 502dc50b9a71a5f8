using QuantBuild.Compiler.Quantizers;
using QuantBuild.Torch.Tensors;
using TorchSharp;
using static TorchSharp.torch;

namespace QuantBuild.Compiler.Torch.Rounding;

/// <summary>The factorization <c>H + damping I = M D M^T</c>, M unit upper triangular, D diagonal.</summary>
/// <param name="Unit">M, [in, in] float32.</param>
/// <param name="Pivots">D, [in] float64.</param>
/// <param name="Damping">What was added to the diagonal.</param>
/// <param name="Tries">Factorizations tried, this one included.</param>
internal sealed record DampedFactor(Tensor Unit, Tensor Pivots, double Damping, int Tries)
{
    /// <summary>
    /// Factorizes with the ladder of <see cref="Gptq"/>: damping <c>damp mean(diag H)</c>, then ten times more with every try; null after
    /// <see cref="Gptq.MaxTries"/> failures.
    /// </summary>
    /// <param name="hessian">H, [in, in] float32; stays as it is.</param>
    /// <param name="damp">The fraction asked for.</param>
    /// <param name="ct">Ends the work between tries.</param>
    public static DampedFactor? TryCreate(Tensor hessian, double damp, CancellationToken ct)
    {
        double mean = Mean(hessian);
        for (int attempt = 1; attempt <= Gptq.MaxTries; attempt++)
        {
            ct.ThrowIfCancellationRequested();
            using DisposeScope scope = NewDisposeScope();
            double damping = Gptq.DampOf(damp, attempt) * mean;
            // R R^T = H with R upper triangular is the usual factorization with rows and columns in reverse.
            Tensor reverse = hessian.flip([0, 1]), diagonal = reverse.diagonal();
            diagonal.copy_(diagonal.to(ScalarType.Float64).Plus(damping));
            (Tensor lower, Tensor info) = linalg.cholesky_ex(reverse);
            reverse.Dispose();
            if (info.item<int>() != 0)
                continue;
            Tensor unit = lower.flip([0, 1]);
            lower.Dispose();
            Tensor roots = unit.diagonal().clone();
            if (!roots.isfinite().all().item<bool>())
                continue;
            unit.div_(roots);
            return new DampedFactor(unit.MoveToOuterDisposeScope(), roots.to(ScalarType.Float64).Squared().MoveToOuterDisposeScope(),
                damping, attempt);
        }
        return null;
    }

    private static double Mean(Tensor hessian)
    {
        using DisposeScope scope = NewDisposeScope();
        return hessian.diagonal().to(ScalarType.Float64).mean().item<double>();
    }
}
