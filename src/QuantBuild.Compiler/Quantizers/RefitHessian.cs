using QuantBuild.Compiler.LinearAlgebra;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Matrices;

namespace QuantBuild.Compiler.Quantizers;

/// <summary>The factored Hessian of a <see cref="Refit"/>, which is changed for every branch and never factored again.</summary>
internal sealed class RefitHessian
{
    /// <summary>
    /// How much of a branch's directions the codes may leave to it: all would make the Hessian singular where inputs are not rounded.
    /// </summary>
    internal const double Part = 0.99;

    private readonly float[] _hessian;
    private readonly float[] _importance;
    private readonly int[]? _order;
    private readonly HessianFactor _factor;
    private readonly RoundingNoise _noise;
    private readonly GptqOptions _options;

    private RefitHessian(RoundingNoise noise, float[] hessian, HessianFactor factor, int[]? order, float[] importance,
        GptqOptions options) =>
        (_noise, _hessian, _factor, _order, _importance, _options) = (noise, hessian, factor, order, importance, options);

    /// <summary>M in the upper triangle; below it is room for that of a branch.</summary>
    private MatrixView Matrix => new(_hessian, _noise.Channels, _noise.Channels);

    /// <summary>Factors <c>H = G U G + N</c>; null when no damping helps.</summary>
    /// <param name="noise">U with its ridge, G and N.</param>
    /// <param name="options">Order, exponents, ties and block size.</param>
    /// <param name="threads">Threads to use; nothing depends on it.</param>
    /// <param name="ct">Ends the work between blocks.</param>
    public static RefitHessian? TryCreate(RoundingNoise noise, GptqOptions options, int threads, CancellationToken ct)
    {
        float[] data = noise.Hessian(threads);
        var hessian = new MatrixView(data, noise.Channels, noise.Channels);
        float[] importance = ExponentChoice.Importance(hessian);
        int[]? order = options.Order == WeightOrder.Activation ? ChannelOrder.ByFallingDiagonal(hessian) : null;
        if (order is not null)
            ChannelOrder.Apply(hessian, order, threads);
        return HessianFactor.TryCreate(hessian, damp: 0, threads, ct) is { } factor
            ? new RefitHessian(noise, data, factor, order, importance, options)
            : null;
    }

    /// <summary>What GPTQ rounds for a branch whose B is fitted again afterwards.</summary>
    /// <param name="branch">B A.</param>
    /// <param name="metric">Its directions.</param>
    /// <param name="threads">Threads to use; the result does not depend on it.</param>
    /// <param name="ct">Ends the work between blocks.</param>
    /// <returns>
    /// The target, until it is asked for the next; null when the Hessian without the directions is not positive definite.
    /// </returns>
    public BranchTarget? For(LowRankBranch branch, BranchMetric metric, int threads, CancellationToken ct)
    {
        int rank = branch.Rank, inputs = _noise.Channels;
        if (rank == 0)
            return new BranchTarget(branch, metric, Part, _noise, _hessian, _factor, _importance, _order, _options);
        float[] directions = metric.Directions(Part), walked = new float[directions.Length], importance = [.. _importance];
        for (int i = 0; i < rank; i++)
        {
            Span<float> row = directions.AsSpan(i * inputs, inputs), ordered = walked.AsSpan(i * inputs, inputs);
            for (int k = 0; k < inputs; k++)
            {
                row[k] *= _noise.Gain[k];
                importance[k] = Math.Max(0, importance[k] - (row[k] * row[k]));
            }
            for (int k = 0; k < inputs; k++)
                ordered[k] = row[_order is null ? k : _order[k]];
        }
        double[]? pivots = FactorDowndate.TryRun(Matrix, _factor.Pivots, new ReadOnlyMatrixView(walked, rank, inputs), threads, ct);
        return pivots is null
            ? null
            : new BranchTarget(branch, metric, Part, _noise, _hessian, _factor.With(pivots), importance, _order, _options);
    }
}
