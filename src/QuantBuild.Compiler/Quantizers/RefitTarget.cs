using QuantBuild.Compiler.Manifests;
using QuantBuild.Kernels;
using QuantBuild.Matrices;

namespace QuantBuild.Compiler.Quantizers;

/// <summary>What GPTQ rounds in every round of <see cref="Refit"/>, and the factored Hessian under which it does.</summary>
internal sealed unsafe class RefitTarget
{
    private const int RowsAtOnce = 64;

    private readonly float[] _ofWeight;
    private readonly float[] _hessian;
    private readonly float[] _importance;
    private readonly int _inputs;
    private readonly int[]? _order;
    private readonly HessianFactor _factor;
    private readonly NoiseFilter _filter;
    private readonly GptqOptions _options;

    private RefitTarget(ReadOnlyMatrixView weight, NoiseFilter filter, float[] hessian, HessianFactor factor, int[]? order,
        float[] importance, GptqOptions options, int threads, CancellationToken ct)
    {
        _inputs = weight.Columns;
        (_hessian, _factor, _order, _importance, _options, _filter) = (hessian, factor, order, importance, options, filter);
        _ofWeight = new float[(long)weight.Rows * _inputs];
        var values = new MatrixView(_ofWeight, weight.Rows, _inputs);
        for (int row = 0; row < weight.Rows; row++)
            Rows.Of(weight, row).CopyTo(Rows.Of(values, row));
        filter.Apply(values, Hessian, threads, ct);
    }

    private MatrixView Hessian => new(_hessian, _inputs, _inputs);

    /// <summary>Factors <c>H = G U G + N</c>; null when no damping helps.</summary>
    /// <param name="weight">W, [out, in], row-major.</param>
    /// <param name="noise">U with its ridge, G and N.</param>
    /// <param name="options">Order, exponents, ties and block size.</param>
    /// <param name="threads">Threads to use; nothing depends on it.</param>
    /// <param name="ct">Ends the work between blocks.</param>
    public static RefitTarget? TryCreate(ReadOnlyMatrixView weight, RoundingNoise noise, GptqOptions options, int threads,
        CancellationToken ct)
    {
        float[] data = noise.Hessian(threads);
        var hessian = new MatrixView(data, weight.Columns, weight.Columns);
        float[] importance = options.Exponents == BlockExponents.Error ? ExponentChoice.Importance(hessian) : [];
        int[]? order = options.Order == WeightOrder.Activation ? ChannelOrder.ByFallingDiagonal(hessian) : null;
        if (order is not null)
            ChannelOrder.Apply(hessian, order, threads);
        return HessianFactor.TryCreate(hessian, damp: 0, threads, ct) is { } factor
            ? new RefitTarget(weight, new NoiseFilter(noise, factor, order), data, factor, order, importance, options,
                threads, ct)
            : null;
    }

    /// <summary>Rounds T for a branch.</summary>
    /// <param name="weight">W, [out, in], row-major.</param>
    /// <param name="branch">B A.</param>
    /// <param name="values">Room for T, [out, in].</param>
    /// <param name="rounded">Receives codes and scales.</param>
    /// <param name="threads">Threads to use; the result does not depend on it.</param>
    /// <param name="ct">Ends the work between blocks.</param>
    /// <returns>The loss J; not finite when feedback overflowed.</returns>
    public double Round(ReadOnlyMatrixView weight, LowRankBranch branch, MatrixView values, PackedWeight rounded, int threads,
        CancellationToken ct)
    {
        _ofWeight.CopyTo(values.Data);
        if (branch.Rank > 0)
        {
            float[] down = [.. branch.Down];
            _filter.Apply(new MatrixView(down, branch.Rank, _inputs), Hessian, threads, ct);
            Gemm.Multiply(new ReadOnlyMatrixView(branch.Up, branch.Rows, branch.Rank), new ReadOnlyMatrixView(down, branch.Rank, _inputs),
                values, GemmMode.Subtract, threads, ct);
        }
        double constant = _filter.IsIdentity ? 0 : Constant(weight, branch, values, threads, ct);
        return constant + GptqSweep.Run(values, Hessian, _factor, rounded, _options, _order, _importance, threads, ct);
    }

    /// <summary><c>sum T_ok P_ok nu_k / g_k</c>: rows by <see cref="FixedSums"/>, in ascending order.</summary>
    private double Constant(ReadOnlyMatrixView weight, LowRankBranch branch, ReadOnlyMatrixView target, int threads, CancellationToken ct)
    {
        var rows = new double[weight.Rows];
        fixed (float* w = weight.Data, t = target.Data)
        {
            var source = new PinnedMatrix(w, weight.Rows, _inputs, weight.RowStride);
            var filtered = new PinnedMatrix(t, weight.Rows, _inputs, target.RowStride);
            Workers.ForRanges(weight.Rows, RowsAtOnce, threads, () => new float[RowsAtOnce * _inputs], (scratch, first, count) =>
            {
                var p = new MatrixView(scratch.AsSpan(0, count * _inputs), count, _inputs);
                for (int row = 0; row < count; row++)
                    source.Row(first + row).CopyTo(Rows.Of(p, row));
                if (branch.Rank > 0)
                {
                    Gemm.Multiply(new ReadOnlyMatrixView(branch.Up.AsSpan(first * branch.Rank), count, branch.Rank),
                        new ReadOnlyMatrixView(branch.Down, branch.Rank, _inputs), p, GemmMode.Subtract, 1, ct);
                }
                for (int row = 0; row < count; row++)
                {
                    Span<float> values = Rows.Of(p, row);
                    for (int i = 0; i < values.Length; i++)
                        values[i] *= _filter.Pull[i];
                    rows[first + row] = FixedSums.Dot(values, filtered.Row(first + row));
                }
            }, ct);
        }
        double sum = 0;
        foreach (double row in rows)
            sum += row;
        return sum;
    }
}
