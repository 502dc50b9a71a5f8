using System.Collections.Immutable;
using QuantBuild.Compiler.Compute;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Quantizers;
using QuantBuild.Compiler.Torch.LowRank;
using QuantBuild.Compiler.Torch.Rounding;
using QuantBuild.Compiler.Torch.Tensors;
using QuantBuild.Formats;
using QuantBuild.Torch.Formats;
using QuantBuild.Torch.Tensors;
using TorchSharp;
using static TorchSharp.torch;

namespace QuantBuild.Compiler.Torch.Refitting;

/// <summary>The rounds of <see cref="Refit"/> on the device: low-rank branch and rounded weight in turns.</summary>
/// <param name="layer">The layer.</param>
/// <param name="space">The device.</param>
/// <param name="tables">Its tables.</param>
/// <param name="ct">Ends the work between blocks.</param>
internal sealed class DeviceRounds(LayerSpec layer, TensorSpace space, Mxfp4Tables tables, CancellationToken ct)
{
    private readonly WeightRecipe _recipe = layer.Recipe.Weights;

    private TieRule Ties => layer.Recipe.Activations.Ties;

    /// <summary>Runs them.</summary>
    /// <param name="weight">W, [out, in] float32, finite.</param>
    /// <param name="noise">U with its ridge, G and N.</param>
    /// <param name="start">The branch to begin with.</param>
    public RefitResult Run(Tensor weight, DeviceNoise noise, LowRankBranch start)
    {
        Tensor order = TorchGptq.OrderOf(noise.Diagonal(), _recipe.Order), errors = zeros_like(weight);
        double reference = TorchGptq.DiagonalEnergy(weight, noise.Second.diagonal());
        PackedWeight all = PackedWeight.Empty((int)weight.shape[0], (int)weight.shape[1]);
        LowRankBranch branch = start;
        Tensor? basis = null;
        var losses = ImmutableArray.CreateBuilder<double>();
        (LowRankBranch Branch, PackedWeight Weight, double Loss, int Round) best =
            (start, PackedWeight.Empty(0, 0), double.PositiveInfinity, 0);
        for (int round = 0; ; round++)
        {
            using DisposeScope scope = NewDisposeScope();
            if (!TryRound(weight, noise, order, branch, round, all, errors))
            {
                if (round == 0)
                    return Nearest(weight, start);
                break;
            }
            if (start.Rank > 0)
            {
                (branch, basis) = DeviceMetricBranch.Fit(errors, noise.Second, start.Rank, basis,
                    round == 0 ? Refit.FirstPasses : Refit.NextPasses, space, ct);
                basis.MoveToOuterDisposeScope();
            }
            double loss = Loss(weight, noise, branch, errors);
            losses.Add(loss);
            bool gained = best.Loss - loss >= _recipe.LeastGain * loss;
            if (loss < best.Loss)
                best = (branch, all with { Codes = [.. all.Codes], Scales = [.. all.Scales] }, loss, round);
            if (start.Rank == 0 || round == _recipe.Rounds || (round > 0 && !gained))
                break;
        }
        return new RefitResult(best.Branch, best.Weight, losses.ToImmutable(), best.Round, reference, FellBack: false);
    }

    /// <summary>
    /// The loss after the first rounding, with a branch that is fitted once; null when no damping helps or feedback overflows.
    /// </summary>
    /// <param name="weight">W, [out, in] float32, finite.</param>
    /// <param name="noise">U with its ridge, G and N.</param>
    /// <param name="start">The branch to begin with.</param>
    public double? FirstLoss(Tensor weight, DeviceNoise noise, LowRankBranch start)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor order = TorchGptq.OrderOf(noise.Diagonal(), _recipe.Order), errors = zeros_like(weight);
        PackedWeight all = PackedWeight.Empty((int)weight.shape[0], (int)weight.shape[1]);
        if (!TryRound(weight, noise, order, start, round: 0, all, errors))
            return null;
        LowRankBranch branch = start.Rank == 0 ? start
            : DeviceMetricBranch.Fit(errors, noise.Second, start.Rank, basis: null, Refit.FirstPasses, space, ct).Branch;
        return Loss(weight, noise, branch, errors);
    }

    /// <summary>Rounds the rows of a round, as <see cref="RefitCodes"/> does: all, then a set.</summary>
    private bool TryRound(Tensor weight, DeviceNoise noise, Tensor order, LowRankBranch branch, int round, PackedWeight all, Tensor errors)
    {
        using DisposeScope scope = NewDisposeScope();
        (Tensor Up, Tensor Down)? factors = DeviceBranch.Of(branch, space);
        if (DeviceTarget.TryCreate(noise, factors?.Down, order, _recipe, Ties, tables, ct) is not { } target)
            return false;
        foreach (int set in round == 0 ? Enumerable.Range(0, RowSet.Sets) : [round % RowSet.Sets])
        {
            using DisposeScope inner = NewDisposeScope();
            if (set >= weight.shape[0])
                continue;
            Tensor rows = HeldScalars.Range(set, weight.shape[0], RowSet.Sets, ScalarType.Int64, weight.device);
            Tensor some = weight.index_select(0, rows);
            if (target.Round(some, factors?.Up.index_select(0, rows), factors?.Down, ct) is not { } rounded)
                return false;
            new RowSet(set).Put(rounded, all);
            errors.index_copy_(0, rows, Error(some, rounded, noise.Gain));
        }
        return true;
    }

    /// <summary><c>J = tr((E - B A) U (E - B A)^T) + tr(Q N Q^T)</c> with <c>Q G = W - E</c>.</summary>
    private double Loss(Tensor weight, DeviceNoise noise, LowRankBranch branch, Tensor errors)
    {
        using DisposeScope scope = NewDisposeScope();
        (Tensor Up, Tensor Down)? factors = DeviceBranch.Of(branch, space);
        double sum = 0;
        for (long first = 0; first < weight.shape[0]; first += DeviceFilter.AtOnce)
        {
            using DisposeScope inner = NewDisposeScope();
            long count = Math.Min(DeviceFilter.AtOnce, weight.shape[0] - first);
            Tensor error = errors.narrow(0, first, count), left = error.clone(),
                rounded = (weight.narrow(0, first, count) - error).div_(noise.Gain);
            if (factors is var (up, down))
                left.addmm_(up.narrow(0, first, count), down, beta: 1, alpha: -1);
            sum += SquareSums.Dot(left.mm(noise.Second), left) + SquareSums.Dot(rounded * noise.Variance, rounded);
        }
        return sum;
    }

    /// <summary>W - Q G.</summary>
    private Tensor Error(Tensor weight, PackedWeight rounded, Tensor gain)
    {
        Tensor error = empty_like(weight);
        Mxfp4Weights.Decode(rounded.Codes, rounded.Scales, tables, error);
        return error.mul_(gain).neg_().Accumulate(weight);
    }

    private RefitResult Nearest(Tensor weight, LowRankBranch start)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor residual = weight.clone();
        if (DeviceBranch.Of(start, space) is var (up, down))
            residual.addmm_(up, down, beta: 1, alpha: -1);
        return new RefitResult(start, WeightRounding.ToNearest(residual, Ties, tables), [], 0, 0, FellBack: true);
    }
}
