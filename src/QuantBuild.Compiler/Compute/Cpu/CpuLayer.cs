using System.Collections.Immutable;
using QuantBuild.Compiler.Allocation;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Quantizers;
using QuantBuild.Formats;
using QuantBuild.Matrices;

namespace QuantBuild.Compiler.Compute.Cpu;

/// <summary>The steps of a layer on the processor, by the quantizers of this library.</summary>
/// <param name="data">The layer.</param>
internal sealed class CpuLayer(ILayerData data) : ILayerCompute
{
    /// <summary>Seed of the randomized decomposition: one constant, so that equal weights share one result.</summary>
    private const ulong Seed = 0x51424C52;

    private readonly LayerSpec _layer = data.Layer;
    private readonly WeightForms _weight = new(data);
    private (PackedWeight Residual, PackedWeight Source)? _nearest;

    private ActivationRecipe Activations => _layer.Recipe.Activations;

    private InputForm Form => new(_layer.InFeatures, data.Scale, data.Rotation);

    /// <summary>
    /// How methods that do not clip round activations: they differ in how they round, not in what, so that beside a recipe that leaves
    /// activations alone the others do so too.
    /// </summary>
    private ActivationQuantizer? Unclipped =>
        _layer.Recipe.Precision == Precision.W4A4 ? ActivationQuantizer.Unclipped(Activations.Ties) : null;

    /// <summary>Tokens that enter a Hessian at once.</summary>
    public static int PortionRows(LayerSpec layer) => (int)Math.Clamp((1L << 24) / layer.InFeatures, 256, 1024);

    /// <inheritdoc/>
    public RotationErrors Rotate(IReadOnlyCollection<int> steps, int threads, CancellationToken ct)
    {
        ReadOnlyMatrixView smoothed = _weight.Smoothed(threads);
        float[] rows = WeightRows.Without(LowRankSplit.Of(smoothed, _layer.TrialBranch, Seed, threads, ct), smoothed, threads, ct);
        return new RotationErrors(Error([.. rows], Rotation.None), Error(rows, Rotation.Hadamard32));

        double Error(float[] some, Rotation rotation) => RotationChoice.Error(
            new MatrixView(some, some.Length / _layer.InFeatures, _layer.InFeatures),
            () => data.Tokens.Portions(steps, PortionRows(_layer)), Form with { Rotation = rotation }, Activations, threads, ct);
    }

    /// <inheritdoc/>
    public ImmutableArray<RankCurve.Point> Curve(IReadOnlyCollection<int> steps, int threads, CancellationToken ct) =>
        new CpuRefit(_layer.Widest, data.Tokens, Form, threads, ct)
            .Curve(_weight.Smoothed(threads), steps, Seed, _layer.CurveRanks);

    /// <inheritdoc/>
    public LowRankBranch LowRank(int threads, CancellationToken ct) =>
        LowRankSplit.Of(_weight.Smoothed(threads), _layer.Recipe.LowRank, Seed, threads, ct);

    /// <inheritdoc/>
    public GptqResult Round(IReadOnlyCollection<int> steps, int threads, CancellationToken ct)
    {
        WeightRecipe recipe = _layer.Recipe.Weights;
        return recipe.Method switch
        {
            WeightMethod.Refit => new CpuRefit(_layer, data.Tokens, Form, threads, ct).Run(_weight.Smoothed(threads), steps, Seed),
            WeightMethod.Gptq => Gptq.Quantize(_weight.Residual(threads), Hessian(steps, threads, ct),
                new GptqOptions(recipe.Damp, recipe.BlockSize, Activations.Ties, recipe.Order, recipe.Exponents), threads, ct),
            _ => RoundToNearest.Quantize(_weight.Residual(threads), Activations.Ties, threads),
        };
    }

    /// <inheritdoc/>
    public ClipResult Clip(ActivationRecipe recipe, IReadOnlyCollection<int> steps, int threads, CancellationToken ct)
    {
        // Only a static threshold depends on the largest magnitude, and with it on all tokens.
        float magnitude = 0;
        if (recipe.Granularity == ClipGranularity.Bin)
        {
            foreach (Memory<float> portion in Smoothed())
                magnitude = Math.Max(magnitude, ClipSearch.Magnitude(Matrix(portion), threads));
        }
        var search = new ClipSearch(data.Packed, recipe, magnitude, threads, ct);
        foreach (Memory<float> portion in Smoothed())
            search.Add(Matrix(portion), _weight.Residual(threads));
        return search.Finish();

        // The bin's tokens after smoothing, read every time: however many there are, few are in memory.
        IEnumerable<Memory<float>> Smoothed()
        {
            foreach (Memory<float> portion in data.Tokens.Portions(steps, ClipSearch.TokensAtOnce))
            {
                ct.ThrowIfCancellationRequested();
                MatrixView tokens = Matrix(portion);
                Smoothing.ApplyToActivation(tokens, data.Scale, tokens, threads, data.Rotation);
                yield return portion;
            }
        }
    }

    /// <inheritdoc/>
    public LadderErrors Measure(ClipSetting? clip, IReadOnlyCollection<int> steps, int threads, CancellationToken ct)
    {
        // The residual first: the clip search has left it in memory, where the weight takes its place.
        (PackedWeight residual, PackedWeight source) = _nearest ??= (
            RoundToNearest.Quantize(_weight.Residual(threads), Activations.Ties, threads).Weight,
            RoundToNearest.Quantize(_weight.Source(), Activations.Ties, threads).Weight);
        float[]? scale = data.Scale.Length > 0 ? data.Scale : null;
        ActivationQuantizer? unclipped = clip is null ? null : Unclipped;
        using var errors = new LayerError(
        [
            new(null, null, source, unclipped),
            new(scale, data.Branch, residual, unclipped, data.Rotation),
            new(scale, data.Branch, data.Packed, unclipped, data.Rotation),
            new(scale, data.Branch, data.Packed, clip is null ? null : new ActivationQuantizer(clip.Value, Activations.Ties),
                data.Rotation),
        ], threads, ct);
        foreach (Memory<float> portion in data.Tokens.Portions(steps, LayerError.TokensAtOnce))
            errors.Add(Matrix(portion), _weight.Source());
        return new LadderErrors(errors.Tokens, [.. errors.Finish()]);
    }

    /// <inheritdoc/>
    public void Dispose() => _nearest = null;

    private MatrixView Hessian(IReadOnlyCollection<int> steps, int threads, CancellationToken ct)
    {
        var hessian = new InputHessian(_layer.InFeatures, Unclipped, data.Rotation);
        foreach (Memory<float> portion in data.Tokens.Portions(steps, PortionRows(_layer)))
            hessian.Add(Matrix(portion), data.Scale, threads, ct);
        return new MatrixView(hessian.Finish(threads), _layer.InFeatures, _layer.InFeatures);
    }

    private MatrixView Matrix(Memory<float> portion) => new(portion.Span, portion.Length / _layer.InFeatures, _layer.InFeatures);
}
