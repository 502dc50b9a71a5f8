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
    /// H with rows and columns in the reverse of an order: R R^T = H with R upper triangular is the usual factorization of that.
    /// </summary>
    /// <param name="hessian">H, [in, in].</param>
    /// <param name="order">The channels in the order of the walk, [in] int64; null for that of H.</param>
    public static Tensor Reversed(Tensor hessian, Tensor? order)
    {
        using DisposeScope scope = NewDisposeScope();
        if (order is null)
            return hessian.flip([0, 1]).MoveToOuterDisposeScope();
        Tensor last = order.flip([0]);
        return hessian.index_select(0, last).index_select(1, last).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// Factorizes with the ladder of <see cref="Gptq"/>: damping <c>damp mean(diag H)</c>, then ten times more with every try; null after
    /// <see cref="Gptq.MaxTries"/> failures.
    /// </summary>
    /// <param name="reversed">H, [in, in] float32, <see cref="Reversed"/>; it is gone when this returns.</param>
    /// <param name="damp">The fraction asked for.</param>
    /// <param name="ct">Ends the work between tries.</param>
    /// <remarks>
    /// libtorch's factorization holds two more matrices beside H and the factor: it clears the other triangle in copies of another layout.
    /// </remarks>
    public static DampedFactor? TryCreate(Tensor reversed, double damp, CancellationToken ct)
    {
        using (reversed)
        using (Tensor diagonal = reversed.diagonal(), undamped = diagonal.to(ScalarType.Float64))
        {
            double mean = Mean(undamped);
            for (int attempt = 1; attempt <= Gptq.MaxTries; attempt++)
            {
                ct.ThrowIfCancellationRequested();
                using DisposeScope scope = NewDisposeScope();
                double damping = Gptq.DampOf(damp, attempt) * mean;
                diagonal.copy_(undamped.Plus(damping));
                (Tensor lower, Tensor info) = linalg.cholesky_ex(reversed);
                if (info.item<int>() != 0)
                    continue;
                Tensor roots = lower.diagonal().flip([0]);
                if (!roots.isfinite().all().item<bool>())
                    continue;
                reversed.Dispose();
                Tensor unit = lower.flip([0, 1]);
                lower.Dispose();
                unit.div_(roots);
                return new DampedFactor(unit.MoveToOuterDisposeScope(),
                    roots.to(ScalarType.Float64).Squared().MoveToOuterDisposeScope(), damping, attempt);
            }
        }
        return null;
    }

    private static double Mean(Tensor diagonal)
    {
        using DisposeScope scope = NewDisposeScope();
        return diagonal.mean().item<double>();
    }
}
