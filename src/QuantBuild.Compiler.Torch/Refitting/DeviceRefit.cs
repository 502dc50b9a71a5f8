using System.Collections.Immutable;
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
/// <param name="data">The layer.</param>
/// <param name="space">The device.</param>
/// <param name="tables">Its tables.</param>
/// <param name="ct">Ends the work between portions and blocks.</param>
internal sealed class DeviceRefit(ILayerData data, TensorSpace space, Mxfp4Tables tables, CancellationToken ct)
{
    private readonly LayerSpec _layer = data.Layer;
    private readonly WeightRecipe _recipe = data.Layer.Recipe.Weights;

    private TieRule Ties => _layer.Recipe.Activations.Ties;

    /// <summary>Finds both.</summary>
    /// <param name="weights">The layer's weight.</param>
    /// <param name="tokens">Its input.</param>
    /// <param name="steps">The steps whose tokens are used, ascending.</param>
    /// <param name="seed">Seed of the first decomposition.</param>
    /// <exception cref="NumericException">A value is not finite.</exception>
    public GptqResult Run(LayerWeights weights, LayerTokens tokens, IReadOnlyCollection<int> steps, ulong seed)
    {
        var split = new CalibrationSplit(data.Tokens.Samples, [.. steps]);
        Tensor weight = weights.Smoothed();
        bool rounds = _layer.Recipe.Precision == Precision.W4A4, models = rounds && _recipe.Noise == NoiseModel.Modelled;
        ClipSetting? clip = models ? Setting(weight) : rounds ? ClipSetting.None : null;
        var moments = new DeviceMoments(_layer.InFeatures, models, space.Device);
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
        here.AddRidge(ridge);
        return new DeviceRounds(_layer, space, tables, ct).Run(weight, here, start)
            .ToGptq(ridge, models ? clip : null, factor, tried, start);

        void AddMoments(bool check) => Portions(check, u => moments.Add(u, TokenRounding.Of(u, clip, Ties, tables)));

        void Portions(bool check, Action<Tensor> work) => tokens.ForPortions(split.IsPossible ? split.StepsOf(check) : split.Steps, weights,
            (_, u) => work(u), split.IsPossible ? sample => split.Has(check, sample) : null);

        // The candidate whose rounding costs the least, channels weighted by the squares of their weights.
        ClipSetting Setting(Tensor w)
        {
            ImmutableArray<ActivationQuantizer> candidates = RatioChoice.Candidates(_layer.Recipe.Activations);
            if (candidates.Length == 1)
                return candidates[0].Clip;
            var errors = new double[candidates.Length];
            Tensor importance = w.Squared().sum([0L], type: ScalarType.Float64);
            Portions(check: split.IsPossible, u =>
            {
                for (int i = 0; i < errors.Length; i++)
                {
                    using DisposeScope scope = NewDisposeScope();
                    Tensor difference = (u - TokenRounding.Of(u, candidates[i].Clip, Ties, tables)).to(ScalarType.Float64);
                    errors[i] += (difference.Squared().sum([0L]) * importance).sum().item<double>();
                }
            });
            return candidates[Array.IndexOf(errors, errors.Min())].Clip;
        }

        ImmutableArray<RidgeChoice.Tried> Ridges()
        {
            using DisposeScope scope = NewDisposeScope();
            Tensor rows = SomeRows(weight, start);
            return RidgeChoice.Walk(Error(rows), ridge =>
            {
                using DisposeScope inner = NewDisposeScope();
                RoundingNoise seen = moments.Noise();
                var tried = DeviceNoise.Of(moments.Second(), seen, space);
                tried.AddRidge(ridge * seen.Mean);
                return DampedFactor.TryCreate(tried.Hessian(), damp: 0, ct) is { } factored
                    ? Error(new DeviceFilter(tried, factored, order: null).Apply(rows.clone(), ct))
                    : double.PositiveInfinity;
            });

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
        if (_layer.Recipe.LowRank.Rank == 0)
            return LowRankBranch.None(_layer.OutFeatures, _layer.InFeatures);
        using DisposeScope scope = NewDisposeScope();
        Tensor metric = space.Of(NoiseBranch.Metric(noise), _layer.InFeatures);
        DeviceFactors factors = SubspaceIteration.Factors(weight * metric, _layer.Recipe.LowRank, seed, space, ct);
        return (factors with { Down = factors.Down / metric }).ToBranch();
    }

    /// <summary>P in some rows, as <see cref="WeightRows"/> chooses them.</summary>
    private Tensor SomeRows(Tensor weight, LowRankBranch start)
    {
        int count = Math.Min(WeightRows.Most, _layer.OutFeatures);
        Tensor chosen = tensor([.. Enumerable.Range(0, count).Select(i => (long)i * _layer.OutFeatures / count)], device: space.Device);
        Tensor rows = weight.index_select(0, chosen);
        return new DeviceRounds(_layer, space, tables, ct).OnDevice(start) is ({ } up, { } down)
            ? rows.addmm_(up.index_select(0, chosen), down, beta: 1, alpha: -1)
            : rows;
    }
}
