using System.Collections.Immutable;
using QuantBuild.Compiler.Compute;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Quantizers;
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
    // As the processor's: of the first fit, from random signs, and of later ones, from the basis of the round before.
    private const int FirstPasses = 4;
    private const int NextPasses = 2;

    private readonly WeightRecipe _recipe = layer.Recipe.Weights;

    private TieRule Ties => layer.Recipe.Activations.Ties;

    /// <summary>Runs them.</summary>
    /// <param name="weight">W, [out, in] float32, finite.</param>
    /// <param name="noise">U with its ridge, G and N.</param>
    /// <param name="start">The branch to begin with.</param>
    public RefitResult Run(Tensor weight, DeviceNoise noise, LowRankBranch start)
    {
        if (DeviceTarget.TryCreate(weight, noise, _recipe, Ties, tables, ct) is not { } target)
            return Nearest(weight, start);
        double reference = TorchGptq.DiagonalEnergy(weight, noise.Second.diagonal());
        (LowRankBranch branch, Tensor? basis) = (start, null);
        var losses = ImmutableArray.CreateBuilder<double>();
        (LowRankBranch Branch, PackedWeight Weight, double Loss, int Round) best =
            (start, PackedWeight.Empty(0, 0), double.PositiveInfinity, 0);
        for (int round = 0; ; round++)
        {
            using DisposeScope scope = NewDisposeScope();
            (Tensor? up, Tensor? down) = OnDevice(branch);
            (PackedWeight rounded, double loss) = target.Round(weight, up, down, ct);
            if (!double.IsFinite(loss))
                return Nearest(weight, start);
            losses.Add(loss);
            bool gained = best.Loss - loss >= _recipe.LeastGain * loss;
            if (loss < best.Loss)
                best = (branch, rounded, loss, round);
            if (start.Rank == 0 || round == _recipe.Rounds || (round > 0 && !gained))
                break;
            Tensor? last = basis;
            (branch, basis) = DeviceMetricBranch.Fit(Error(weight, rounded, noise.Gain), noise.Second, start.Rank, last,
                round == 0 ? FirstPasses : NextPasses, space, ct);
            basis.MoveToOuterDisposeScope();
            last?.Dispose();
        }
        return new RefitResult(best.Branch, best.Weight, losses.ToImmutable(), best.Round, reference, FellBack: false);
    }

    /// <summary>B and A of a branch; null for none.</summary>
    public (Tensor? Up, Tensor? Down) OnDevice(LowRankBranch branch) => branch.Rank == 0
        ? (null, null)
        : (space.Of(branch.Up, branch.Rows, branch.Rank), space.Of(branch.Down, branch.Rank, branch.Columns));

    /// <summary>W - Q G.</summary>
    private Tensor Error(Tensor weight, PackedWeight rounded, Tensor gain)
    {
        Tensor error = empty_like(weight);
        Mxfp4Weights.Decode(rounded.Codes, rounded.Scales, tables, error);
        return error.mul_(gain).neg_().add_(weight);
    }

    private RefitResult Nearest(Tensor weight, LowRankBranch start)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor residual = weight.clone();
        if (OnDevice(start) is ({ } up, { } down))
            residual.addmm_(up, down, beta: 1, alpha: -1);
        return new RefitResult(start, WeightRounding.ToNearest(residual, Ties, tables), [], 0, 0, FellBack: true);
    }
}
