using System.Collections.Immutable;
using QuantBuild.Compiler.Allocation;
using QuantBuild.Compiler.Compute;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Quantizers;
using QuantBuild.Compiler.Torch.Inputs;
using QuantBuild.Compiler.Torch.LowRank;
using QuantBuild.Compiler.Torch.Rounding;
using QuantBuild.Compiler.Torch.Tensors;
using QuantBuild.Formats;
using QuantBuild.Torch.Formats;
using QuantBuild.Torch.Tensors;
using TorchSharp;
using static TorchSharp.torch;

namespace QuantBuild.Compiler.Torch.Refitting;

/// <summary>
/// A layer's branch and rounded weight, found together on the device as the processor finds them: how rounding is modelled, moments of the
/// tokens, ridge, first branch, and the rounds.
/// </summary>
/// <param name="data">The layer's data.</param>
/// <param name="layer">The layer, of the rank that is wanted.</param>
/// <param name="space">The device.</param>
/// <param name="tables">Its tables.</param>
/// <param name="ct">Ends the work between portions and blocks.</param>
internal sealed class DeviceRefit(ILayerData data, LayerSpec layer, TensorSpace space, Mxfp4Tables tables, CancellationToken ct)
{
    private readonly WeightRecipe _recipe = layer.Recipe.Weights;

    private TieRule Ties => layer.Recipe.Activations.Ties;

    /// <summary>Finds both.</summary>
    /// <param name="weights">The layer's weight.</param>
    /// <param name="tokens">Its input.</param>
    /// <param name="steps">The steps whose tokens are used, ascending.</param>
    /// <param name="seed">Seed of the first decomposition.</param>
    /// <exception cref="NumericException">A value is not finite.</exception>
    public GptqResult Run(LayerWeights weights, LayerTokens tokens, IReadOnlyCollection<int> steps, ulong seed)
    {
        Begun begun = Begin(weights, tokens, steps, seed);
        begun.Noise.AddRidge(begun.Ridge);
        return new DeviceRounds(layer, space, tables, ct).Run(begun.Weight, begun.Noise, begun.Start)
            .ToGptq(begun.Ridge, begun.Clip, begun.Factor, begun.Tried, begun.Start);
    }

    /// <summary>The squared output error by the rank of the branch, as the processor's own refit measures it.</summary>
    /// <param name="weights">The layer's weight.</param>
    /// <param name="tokens">Its input.</param>
    /// <param name="steps">The steps whose tokens are used, ascending.</param>
    /// <param name="seed">Seed of the first decomposition.</param>
    /// <param name="ranks">Ranks up to the layer's, ascending.</param>
    /// <returns>As many points as ranks; none when no damping helps or feedback overflows.</returns>
    /// <exception cref="NumericException">A value is not finite.</exception>
    public ImmutableArray<RankCurve.Point> Curve(LayerWeights weights, LayerTokens tokens, IReadOnlyCollection<int> steps, ulong seed,
        ImmutableArray<int> ranks)
    {
        Begun begun = Begin(weights, tokens, steps, seed);
        double output = OutputEnergy(begun.Weight, begun.Noise.Second);
        begun.Noise.AddRidge(begun.Ridge);
        var rounds = new DeviceRounds(layer, space, tables, ct);
        var points = ImmutableArray.CreateBuilder<RankCurve.Point>(ranks.Length);
        foreach (int rank in ranks)
        {
            if (rounds.FirstLoss(begun.Weight, begun.Noise, begun.Start.Truncated(rank)) is not { } loss || !double.IsFinite(loss))
                return [];
            points.Add(new RankCurve.Point(rank, output > 0 ? loss / output : 0));
        }
        return points.MoveToImmutable();
    }

    /// <summary><c>tr(W U W^T)</c>, from a few rows of W.</summary>
    private double OutputEnergy(Tensor weight, Tensor second)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor rows = DeviceBranch.SomeRows(weight, LowRankBranch.None(layer.OutFeatures, layer.InFeatures), space);
        return SquareSums.Dot(rows.mm(second), rows) * weight.shape[0] / rows.shape[0];
    }

    /// <summary>What rounds begin with: the moments of all tokens, the ridge, and the first branch.</summary>
    private Begun Begin(LayerWeights weights, LayerTokens tokens, IReadOnlyCollection<int> steps, ulong seed)
    {
        var split = new CalibrationSplit(data.Tokens.Samples, [.. steps]);
        Tensor weight = weights.Smoothed();
        bool rounds = layer.Recipe.Precision == Precision.W4A4, models = rounds && _recipe.Noise == NoiseModel.Modelled;
        ClipSetting? clip = models ? Setting() : rounds ? ClipSetting.None : null;
        using var moments = new DeviceMoments(layer.InFeatures, models, space.Device);
        AddMoments(check: false);
        LowRankBranch start = Start(weight, moments.Noise(), seed);
        ImmutableArray<RidgeChoice.Tried> tried = models && _recipe.Ridge == 0 && split.IsPossible ? Ridges() : [];
        if (split.IsPossible)
            AddMoments(check: true);

        RoundingNoise noise = moments.Noise();
        var here = DeviceNoise.Of(moments.Second(), noise, space);
        double factor = _recipe.Ridge > 0 ? _recipe.Ridge : tried.IsEmpty ? RidgeChoice.Default : tried[0].Ridge;
        double ridge = noise.IsNone
            ? _recipe.Damp * here.Second.diagonal().to(ScalarType.Float64).mean().item<double>()
            : factor * noise.Mean;
        return new Begun(weight, here, start, ridge, factor, models ? clip : null, tried);

        void AddMoments(bool check) => Portions(check, u => moments.Add(u, TokenRounding.Of(u, clip, Ties, tables)));

        void Portions(bool check, Action<Tensor> work) => tokens.ForPortions(split.IsPossible ? split.StepsOf(check) : split.Steps, weights,
            (_, u) => work(u), split.IsPossible ? sample => split.Has(check, sample) : null);

        ClipSetting Setting()
        {
            var ratios = new DeviceRatios(layer.Recipe.Activations, DeviceRatios.Importance(weight), tables);
            if (ratios.HasChoice)
                Portions(check: split.IsPossible, ratios.Add);
            return ratios.Best;
        }

        ImmutableArray<RidgeChoice.Tried> Ridges()
        {
            using DisposeScope scope = NewDisposeScope();
            Tensor rows = DeviceBranch.SomeRows(weight, start, space);
            return RidgeChoice.Walk(Error(rows), ridge =>
            {
                using DisposeScope inner = NewDisposeScope();
                RoundingNoise seen = moments.Noise();
                var tried = DeviceNoise.Of(moments.Second(), seen, space);
                tried.AddRidge(ridge * seen.Mean);
                return DampedFactor.TryCreate(Reversed(tried), damp: 0, ct) is { } factored
                    ? Error(new DeviceFilter(tried, factored, order: null).Apply(rows.clone(), ct))
                    : double.PositiveInfinity;
            });

            // Of the matrices in float32 only the last stays.
            static Tensor Reversed(DeviceNoise noise)
            {
                using Tensor hessian = noise.Hessian();
                noise.Second.Dispose();
                return DampedFactor.Reversed(hessian, order: null);
            }

            double Error(Tensor filtered)
            {
                double sum = 0;
                Portions(check: true, u => sum +=
                    SquareSums.Of(u.mm(rows.t()) - TokenRounding.Of(u, clip, Ties, tables).mm(filtered.t())));
                return sum;
            }
        }
    }

    /// <summary>The branch that takes the most of what rounding the input costs (<see cref="NoiseBranch"/>).</summary>
    private LowRankBranch Start(Tensor weight, RoundingNoise noise, ulong seed)
    {
        if (layer.Recipe.LowRank.Rank == 0)
            return LowRankBranch.None(layer.OutFeatures, layer.InFeatures);
        using DisposeScope scope = NewDisposeScope();
        Tensor metric = space.Of(NoiseBranch.Metric(noise), layer.InFeatures);
        DeviceFactors factors = SubspaceIteration.Factors(weight * metric, layer.Recipe.LowRank, seed, space, ct);
        return (factors with { Down = factors.Down / metric }).ToBranch();
    }

    /// <param name="Weight">W, [out, in] float32.</param>
    /// <param name="Noise">Moments of all tokens, without a ridge.</param>
    /// <param name="Start">The first branch.</param>
    /// <param name="Ridge">What is added to the diagonal.</param>
    /// <param name="Factor">The ridge in units of the mean noise.</param>
    /// <param name="Clip">What the weights are made for; null where no noise is modelled.</param>
    /// <param name="Tried">Ridges tried, the best first.</param>
    private sealed record Begun(Tensor Weight, DeviceNoise Noise, LowRankBranch Start, double Ridge, double Factor, ClipSetting? Clip,
        ImmutableArray<RidgeChoice.Tried> Tried);
}
