using System.Collections.Immutable;
using QuantBuild.Compiler.Allocation;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Quantizers;
using QuantBuild.Kernels;
using QuantBuild.Matrices;

namespace QuantBuild.Compiler.Compute.Cpu;

/// <summary>A layer's branch and rounded weight, found together: moments of its tokens, ridge, first branch, and the rounds.</summary>
/// <param name="layer">The layer.</param>
/// <param name="tokens">Its input as recorded.</param>
/// <param name="form">How that becomes its input.</param>
/// <param name="threads">Threads to use; the result does not depend on it.</param>
/// <param name="ct">Ends the work between blocks.</param>
internal sealed class CpuRefit(LayerSpec layer, IRecordedTokens tokens, InputForm form, int threads, CancellationToken ct)
{
    private readonly WeightRecipe _recipe = layer.Recipe.Weights;

    /// <summary>Finds both.</summary>
    /// <param name="weight">The smoothed and rotated weight, [out, in].</param>
    /// <param name="steps">The steps whose tokens are used, ascending.</param>
    /// <param name="seed">Seed of the first decomposition.</param>
    /// <exception cref="NumericException">A value is not finite.</exception>
    public GptqResult Run(ReadOnlyMatrixView weight, IReadOnlyCollection<int> steps, ulong seed)
    {
        Begun begun = Begin(weight, steps, seed);
        RefitResult result = Refit.Run(weight, begun.Noise, begun.Ridge, begun.Start,
            new RefitOptions(layer.Recipe.LowRank.Rank, _recipe.Rounds, _recipe.LeastGain, Gptq), threads, ct);
        return result.ToGptq(begun.Ridge, begun.Quantizer?.Clip, begun.Factor, begun.Tried, begun.Start);
    }

    /// <summary>
    /// The loss by the rank of the branch: the first branch of the layer's rank, of which lower ranks are the beginning, and for each rank
    /// one rounding.
    /// </summary>
    /// <param name="weight">The smoothed and rotated weight, [out, in].</param>
    /// <param name="steps">The steps whose tokens are used, ascending.</param>
    /// <param name="seed">Seed of the first decomposition.</param>
    /// <param name="ranks">Ranks up to the layer's, ascending.</param>
    /// <returns>As many points as ranks; none when no damping helps or feedback overflows.</returns>
    /// <exception cref="NumericException">A value is not finite.</exception>
    public ImmutableArray<RankCurve.Point> Curve(ReadOnlyMatrixView weight, IReadOnlyCollection<int> steps, ulong seed,
        ImmutableArray<int> ranks)
    {
        Begun begun = Begin(weight, steps, seed);
        double output = OutputEnergy(weight, begun.Noise.Second);
        begun.Noise.AddRidge(begun.Ridge);
        if (RefitHessian.TryCreate(begun.Noise, Gptq, threads, ct) is not { } hessian)
            return [];
        var work = new float[(long)weight.Rows * weight.Columns];
        var points = ImmutableArray.CreateBuilder<RankCurve.Point>(ranks.Length);
        foreach (int rank in ranks)
        {
            double loss = Refit.FirstLoss(weight, begun.Noise, hessian, begun.Start.Truncated(rank), work, threads, ct);
            if (!double.IsFinite(loss))
                return [];
            points.Add(new RankCurve.Point(rank, output > 0 ? loss / output : 0));
        }
        return points.MoveToImmutable();
    }

    /// <summary><c>tr(W U W^T)</c>, from a few rows of W.</summary>
    private double OutputEnergy(ReadOnlyMatrixView weight, float[] second)
    {
        float[] rows = WeightRows.Without(LowRankBranch.None(weight.Rows, weight.Columns), weight, threads, ct);
        int count = rows.Length / weight.Columns;
        var products = new float[rows.Length];
        Gemm.Multiply(new ReadOnlyMatrixView(rows, count, weight.Columns), new ReadOnlyMatrixView(second, weight.Columns, weight.Columns),
            new MatrixView(products, count, weight.Columns), GemmMode.Overwrite, threads, ct);
        return FixedSums.Dot(rows, products) * weight.Rows / count;
    }

    private GptqOptions Gptq => new(0, _recipe.BlockSize, layer.Recipe.Activations.Ties, _recipe.Order, _recipe.Exponents);

    /// <summary>What rounds begin with: the moments of all tokens, the ridge, and the first branch.</summary>
    private Begun Begin(ReadOnlyMatrixView weight, IReadOnlyCollection<int> steps, ulong seed)
    {
        var split = new CalibrationSplit(tokens.Samples, [.. steps]);
        ActivationQuantizer? quantizer = layer.Recipe.Precision != Precision.W4A4 ? null
            : _recipe.Noise == NoiseModel.Modelled
            ? RatioChoice.Of(Portions(split, check: split.IsPossible), form, RatioChoice.Importance(weight), layer.Recipe.Activations,
                threads, ct)
            : ActivationQuantizer.Unclipped(layer.Recipe.Activations.Ties);
        bool models = quantizer is not null && _recipe.Noise == NoiseModel.Modelled;
        var moments = new InputMoments(layer.InFeatures, form.Scale, form.Rotation, quantizer, models);
        Add(moments, split, check: false);
        LowRankBranch start = NoiseBranch.Of(weight, moments.Noise(), layer.Recipe.LowRank, seed, threads, ct);
        ImmutableArray<RidgeChoice.Tried> tried = [];
        if (models && _recipe.Ridge == 0 && split.IsPossible)
        {
            float[] rows = WeightRows.Without(start, weight, threads, ct);
            tried = RidgeChoice.Of(rows, moments, () => Portions(split, check: true), form, quantizer!, threads, ct);
        }
        if (split.IsPossible)
            Add(moments, split, check: true);

        RoundingNoise noise = moments.Finish(threads);
        double factor = _recipe.Ridge > 0 ? _recipe.Ridge : tried.IsEmpty ? RidgeChoice.Default : tried[0].Ridge;
        return new Begun(noise, start, noise.IsNone ? _recipe.Damp * noise.MeanInput : factor * noise.Mean,
            factor, models ? quantizer : null, tried);
    }

    private void Add(InputMoments moments, CalibrationSplit split, bool check)
    {
        foreach (Memory<float> portion in Portions(split, check))
            moments.Add(new ReadOnlyMatrixView(portion.Span, portion.Length / layer.InFeatures, layer.InFeatures), threads, ct);
    }

    private IEnumerable<Memory<float>> Portions(CalibrationSplit split, bool check) => split.IsPossible
        ? tokens.Portions(split.StepsOf(check), CpuLayer.PortionRows(layer), sample => split.Has(check, sample))
        : tokens.Portions(split.Steps, CpuLayer.PortionRows(layer));

    /// <param name="Noise">Moments of all tokens, without a ridge.</param>
    /// <param name="Start">The first branch.</param>
    /// <param name="Ridge">What is added to the diagonal.</param>
    /// <param name="Factor">The ridge in units of the mean noise.</param>
    /// <param name="Quantizer">What the weights are made for; null where the input is not rounded.</param>
    /// <param name="Tried">Ridges tried, the best first.</param>
    private sealed record Begun(RoundingNoise Noise, LowRankBranch Start, double Ridge, double Factor, ActivationQuantizer? Quantizer,
        ImmutableArray<RidgeChoice.Tried> Tried);
}
