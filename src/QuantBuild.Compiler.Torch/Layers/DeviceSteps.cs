using System.Collections.Immutable;
using QuantBuild.Compiler.Allocation;
using QuantBuild.Compiler.Compute;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Quantizers;
using QuantBuild.Compiler.Torch.Inputs;
using QuantBuild.Compiler.Torch.LowRank;
using QuantBuild.Compiler.Torch.Refitting;
using QuantBuild.Compiler.Torch.Rounding;
using QuantBuild.Compiler.Torch.Tensors;
using QuantBuild.Formats;
using QuantBuild.Torch.Formats;
using QuantBuild.Torch.Tensors;
using TorchSharp;
using static TorchSharp.torch;

namespace QuantBuild.Compiler.Torch.Layers;

/// <summary>What the steps of a layer compute. All sums over outputs are float64, all products float32.</summary>
/// <param name="data">The layer.</param>
/// <param name="space">The device.</param>
/// <param name="tables">Its tables.</param>
/// <param name="ct">Ends a step between portions and blocks.</param>
internal sealed class DeviceSteps(ILayerData data, TensorSpace space, Mxfp4Tables tables, CancellationToken ct)
{
    /// <summary>Seed of the randomized decomposition: one constant, so that equal weights share one result.</summary>
    private const ulong Seed = 0x51424C52;

    private readonly LayerSpec _layer = data.Layer;
    private readonly LayerWeights _weights = new(data, space, tables);
    private readonly LayerTokens _tokens = new(data, space, ct);

    private TieRule Ties => _layer.Recipe.Activations.Ties;

    /// <summary>How methods that do not clip round activations; null where activations stay as they are.</summary>
    private ClipSetting? Unclipped => _layer.Recipe.Precision == Precision.W4A4 ? ClipSetting.None : null;

    /// <inheritdoc cref="ILayerCompute.Rotate"/>
    public RotationErrors Rotate(IReadOnlyCollection<int> steps) =>
        new DeviceRotation(_layer, tables).Errors(TrialRows(), _weights, _tokens, steps);

    /// <inheritdoc cref="ILayerCompute.Curve"/>
    public ImmutableArray<RankCurve.Point> Curve(IReadOnlyCollection<int> steps) =>
        new DeviceRefit(data, _layer.Widest, space, tables, ct).Curve(_weights, _tokens, steps, Seed, _layer.CurveRanks);

    /// <inheritdoc cref="ILayerCompute.LowRank"/>
    public LowRankBranch LowRank() => SubspaceIteration.Of(_weights.Smoothed(), _layer.Recipe.LowRank, Seed, space, ct);

    /// <inheritdoc cref="ILayerCompute.Round"/>
    public GptqResult Round(IReadOnlyCollection<int> steps)
    {
        WeightRecipe recipe = _layer.Recipe.Weights;
        if (recipe.Method == WeightMethod.Refit)
            return new DeviceRefit(data, _layer, space, tables, ct).Run(_weights, _tokens, steps, Seed);
        Tensor residual = _weights.Residual();
        return recipe.Method == WeightMethod.Gptq
            ? TorchGptq.Quantize(residual, Hessian(steps), recipe, Ties, tables, ct)
            : new GptqResult(WeightRounding.ToNearest(residual, Ties, tables), new GptqOutcome(0, 0, FellBack: false, 0, null, null));
    }

    /// <inheritdoc cref="ILayerCompute.Clip"/>
    public ClipResult Clip(ActivationRecipe recipe, IReadOnlyCollection<int> steps)
    {
        // Only a static threshold depends on the largest magnitude, and with it on all tokens.
        float magnitude = 0;
        if (recipe.Granularity == ClipGranularity.Bin)
            _tokens.ForPortions(steps, _weights, (_, x) => magnitude = Math.Max(magnitude, x.abs().max().item<float>()));
        var grid = new ClipGrid(recipe, magnitude);
        var errors = new double[grid.Quantizers.Length];
        Tensor rounded = _weights.Decoded(data.Packed).t();
        Tensor exact = recipe.Objective == ClipObjective.Output ? _weights.Residual().t() : rounded;
        _tokens.ForPortions(steps, _weights, (_, x) =>
        {
            Tensor reference = x.mm(exact);
            for (int i = 0; i < errors.Length; i++)
            {
                using DisposeScope scope = NewDisposeScope();
                Tensor clipped = TokenRounding.Of(x, grid.Quantizers[i].Clip, recipe.Ties, tables);
                // By their difference where both are multiplied by one weight: a small error of large outputs has their rounding in it.
                errors[i] += SquareSums.Of(recipe.Objective == ClipObjective.Output
                    ? reference - clipped.mm(rounded)
                    : (x - clipped).mm(rounded));
            }
        });
        return grid.Choose([.. errors.Select(FiniteTensor.Sum)]);
    }

    /// <inheritdoc cref="ILayerCompute.Measure"/>
    public LadderErrors Measure(ClipSetting? clip, IReadOnlyCollection<int> steps)
    {
        Tensor source = _weights.Source(), nearestSource = WeightRounding.InPlace(source.clone(), Ties, tables).t(),
            nearest = WeightRounding.InPlace(_weights.Residual(), Ties, tables).t(), packed = _weights.Decoded(data.Packed).t();
        (Tensor Up, Tensor Down)? branch = _weights.Factors();
        var sums = new OutputSums[LadderErrors.Methods.Length];
        ClipSetting? plain = clip is null ? null : Unclipped;
        long tokens = _tokens.ForPortions(steps, _weights, (x, smoothed) =>
        {
            Tensor reference = x.mm(source.t());
            Tensor? low = branch is var (up, down) ? smoothed.mm(down.t()).mm(up.t()) : null;
            Tensor unclipped = TokenRounding.Of(smoothed, plain, Ties, tables);
            sums[0].Add(reference, TokenRounding.Of(x, plain, Ties, tables).mm(nearestSource), null);
            sums[1].Add(reference, unclipped.mm(nearest), low);
            sums[2].Add(reference, unclipped.mm(packed), low);
            sums[3].Add(reference, TokenRounding.Of(smoothed, clip, Ties, tables).mm(packed), low);
        });
        return new LadderErrors(tokens, [.. sums.Select(sum => sum.Finish())]);
    }

    /// <summary>Some rows of the smoothed weight without the branch that a rotation is tried with; the weight itself is gone.</summary>
    private Tensor TrialRows()
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor smoothed = _weights.Smoothed();
        return DeviceBranch.SomeRows(smoothed, SubspaceIteration.Of(smoothed, _layer.TrialBranch, Seed, space, ct), space)
            .MoveToOuterDisposeScope();
    }

    /// <summary>X^T X / n of what the main branch sees, [in, in].</summary>
    private Tensor Hessian(IReadOnlyCollection<int> steps)
    {
        Tensor hessian = zeros([_layer.InFeatures, _layer.InFeatures], dtype: ScalarType.Float32, device: space.Device);
        long tokens = _tokens.ForPortions(steps, _weights, (_, x) =>
        {
            Tensor input = TokenRounding.Of(x, Unclipped, Ties, tables);
            hessian.addmm_(input.t(), input, beta: 1, alpha: 1);
        });
        FiniteTensor.Check("Hessian", hessian);
        return hessian.Divide(Math.Max(1, tokens));
    }
}
