using System.Collections.Immutable;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Quantizers;
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
        var split = new CalibrationSplit(tokens.Samples, [.. steps]);
        ActivationQuantizer? quantizer = layer.Recipe.Precision != Precision.W4A4 ? null
            : _recipe.Noise == NoiseModel.Modelled
            ? RatioChoice.Of(Portions(split, check: split.IsPossible), form, RatioChoice.Importance(weight), layer.Recipe.Activations,
                threads)
            : ActivationQuantizer.Unclipped(layer.Recipe.Activations.Ties);
        bool models = quantizer is not null && _recipe.Noise == NoiseModel.Modelled;
        var moments = new InputMoments(layer.InFeatures, form.Scale, form.Rotation, quantizer, models);
        Add(moments, split, check: false);
        LowRankBranch start = NoiseBranch.Of(weight, moments.Noise(), layer.Recipe.LowRank, seed, threads, ct);
        ImmutableArray<RidgeChoice.Tried> tried = [];
        if (models && _recipe.Ridge == 0 && split.IsPossible)
        {
            float[] rows = WeightRows.Without(start, weight, threads, ct);
            tried = RidgeChoice.Of(new ReadOnlyMatrixView(rows, rows.Length / layer.InFeatures, layer.InFeatures), moments, () =>
                Portions(split, check: true),
                form, quantizer!, threads, ct);
        }
        if (split.IsPossible)
            Add(moments, split, check: true);

        RoundingNoise noise = moments.Finish(last: true, threads);
        double factor = _recipe.Ridge > 0 ? _recipe.Ridge : tried.IsEmpty ? RidgeChoice.Default : tried[0].Ridge;
        double ridge = noise.IsNone ? _recipe.Damp * noise.MeanInput : factor * noise.Mean;
        RefitResult result = Refit.Run(weight, noise, ridge, start,
            new RefitOptions(layer.Recipe.LowRank.Rank, _recipe.Rounds, _recipe.LeastGain,
                new GptqOptions(0, _recipe.BlockSize, layer.Recipe.Activations.Ties, _recipe.Order, _recipe.Exponents)), threads, ct);
        return result.ToGptq(ridge, models ? quantizer!.Clip : null, factor, tried, start);
    }

    private void Add(InputMoments moments, CalibrationSplit split, bool check)
    {
        foreach (Memory<float> portion in Portions(split, check))
            moments.Add(new ReadOnlyMatrixView(portion.Span, portion.Length / layer.InFeatures, layer.InFeatures), threads, ct);
    }

    private IEnumerable<Memory<float>> Portions(CalibrationSplit split, bool check) => split.IsPossible
        ? tokens.Portions(split.StepsOf(check), CpuLayer.PortionRows(layer), sample => split.Has(check, sample))
        : tokens.Portions(split.Steps, CpuLayer.PortionRows(layer));
}
