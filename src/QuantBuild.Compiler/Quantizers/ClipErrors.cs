using System.Collections.Immutable;
using System.Numerics;
using QuantBuild.Compiler.LinearAlgebra;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Kernels;
using QuantBuild.Matrices;

namespace QuantBuild.Compiler.Quantizers;

/// <summary>The output errors of all candidates of a clip search.</summary>
/// <remarks>
/// <para>Candidates are put in the order of falling exponents. The first one's differences from the reference are computed in full; every
/// other one's follow from those of the one before by adding the blocks that round differently (<see cref="Mxfp4Changes"/>).  From
/// ratio 1 down to 0.5 every block's exponent falls once, however many candidates lie between.</para>
/// <para>The order of additions: tokens go by in portions of <see cref="TokensOfPortion"/>, outputs in slabs (<see cref="Mxfp4Slab"/>).  A
/// slab's squares are added by <see cref="FixedSums"/> as they lie; then the portions in order, then the slabs in order. Several portions
/// are in memory together, so that the reference reads its weight less often, and a slab's weight serves all of them while it is in the
/// cache.</para>
/// </remarks>
internal sealed unsafe class ClipErrors
{
    /// <summary>Tokens of a portion; part of the definition, since it decides how squares are added up.</summary>
    internal const int TokensOfPortion = 256;

    /// <summary>Tokens in memory together, which shows in no result.</summary>
    internal const int TokensAtOnce = 4 * TokensOfPortion;

    // Outputs whose weights are decoded to float at once, for the activation objective.
    private const int DecodedAtOnce = 512;
    private const int RowsAtOnce = 32;

    private readonly PackedWeight _rounded;
    private readonly Mxfp4Panels _weight;
    private readonly ClipObjective _objective;
    private readonly int[] _order;
    private readonly ActivationQuantizer[] _chain;
    private readonly ClipPortion[] _portions;
    private readonly double[] _sums;
    private readonly int _threads;
    private readonly CancellationToken _ct;
    private float[] _outputs = [];
    private float[] _error = [];
    private float[] _decoded = [];
    private bool _ended;

    /// <summary>Begins with no tokens.</summary>
    public ClipErrors(PackedWeight rounded, ImmutableArray<ActivationQuantizer> candidates, ClipObjective objective, int threads,
        CancellationToken ct)
    {
        _rounded = rounded;
        _weight = Mxfp4Panels.Of(rounded.Codes, rounded.Scales, rounded.Rows, rounded.Columns, threads);
        _objective = objective;
        _order = [.. Enumerable.Range(0, candidates.Length)
            .OrderByDescending(i => Math.ScaleB(candidates[i].Clip.BlockRatio, candidates[i].Clip.ExponentOffset))
            .ThenByDescending(i => candidates[i].Clip.Limit)];
        _chain = [.. _order.Select(i => candidates[i])];
        _portions = [.. Enumerable.Range(0, TokensAtOnce / TokensOfPortion).Select(_ => new ClipPortion(_chain, rounded.Columns))];
        _sums = new double[(long)Slabs * _chain.Length];
        _threads = threads;
        _ct = ct;
    }

    private int Slabs => (_rounded.Rows + Mxfp4Slab.Width - 1) / Mxfp4Slab.Width;

    /// <summary>Adds tokens; all calls but the last bring a multiple of <see cref="TokensOfPortion"/>.</summary>
    public void Add(ReadOnlyMatrixView x, ReadOnlyMatrixView residual)
    {
        if (residual.Columns != x.Columns || _rounded.Columns != x.Columns || residual.Rows != _rounded.Rows)
            throw new ArgumentException(
                $"{residual.Rows} x {residual.Columns} and {_rounded.Rows} x {_rounded.Columns} weights do not fit {x.Columns} channels");
        if (x.Rows == 0)
            return;
        if (_ended)
            throw new InvalidOperationException("a portion that is not full was the last one");
        _ended = x.Rows % TokensOfPortion != 0;
        int most = Math.Min(TokensAtOnce, x.Rows);
        Grow(ref _outputs, most * _rounded.Rows);
        for (int first = 0; first < x.Rows; first += TokensAtOnce)
        {
            int count = Math.Min(TokensAtOnce, x.Rows - first);
            ReadOnlyMatrixView tokens = x.Slice(first, 0, count, x.Columns);
            var y = new MatrixView(_outputs.AsSpan(0, count * _rounded.Rows), count, _rounded.Rows);
            if (_objective == ClipObjective.Output)
                Gemm.Multiply(tokens, residual.Transposed, y, GemmMode.Overwrite, _threads, _ct);
            else
                MultiplyFirstError(tokens, y);
            Add(tokens, y, _objective == ClipObjective.Output);
        }
    }

    /// <summary>The sum of squared errors of every candidate, in the candidates' order.</summary>
    /// <exception cref="NumericException">One is not finite.</exception>
    public double[] Finish()
    {
        var errors = new double[_order.Length];
        for (int candidate = 0; candidate < _order.Length; candidate++)
        {
            double sum = 0;
            for (int slab = 0; slab < Slabs; slab++)
                sum += _sums[((long)slab * _order.Length) + candidate];
            errors[_order[candidate]] = double.IsFinite(sum)
                ? sum
                : throw new NumericException("clip error", $"candidate {_order[candidate]}", (float)sum);
        }
        foreach (ClipPortion portion in _portions)
            portion.Dispose();
        return errors;
    }

    /// <summary>y = (x - Q(x)) Rq^T for the first candidate.</summary>
    private void MultiplyFirstError(ReadOnlyMatrixView x, MatrixView y)
    {
        Grow(ref _error, x.Rows * x.Columns);
        Grow(ref _decoded, Math.Min(DecodedAtOnce, _rounded.Rows) * x.Columns);
        fixed (float* tokens = x.Data, error = _error, decoded = _decoded)
        {
            var source = new PinnedMatrix(tokens, x.Rows, x.Columns, x.RowStride);
            var difference = new PinnedMatrix(error, x.Rows, x.Columns, x.Columns);
            var weight = new PinnedMatrix(decoded, DecodedAtOnce, x.Columns, x.Columns);
            Workers.ForRanges(x.Rows, RowsAtOnce, _threads, (first, count) =>
                Subtract(source.Slice(first, count), difference.Slice(first, count)), _ct);
            for (int output = 0; output < _rounded.Rows; output += DecodedAtOnce)
            {
                int start = output, outputs = Math.Min(DecodedAtOnce, _rounded.Rows - output);
                Workers.ForRanges(outputs, RowsAtOnce, _threads, (first, count) =>
                    _rounded.Dequantize(start + first, weight.Slice(first, count)), _ct);
                Gemm.Multiply(difference.Slice(0, x.Rows), ((ReadOnlyMatrixView)weight.Slice(0, outputs)).Transposed,
                    y.Slice(0, output, y.Rows, outputs),
                    GemmMode.Overwrite, _threads, _ct);
            }
        }
    }

    /// <summary>What the first candidate's rounding takes away.</summary>
    private void Subtract(ReadOnlyMatrixView x, MatrixView error)
    {
        _chain[0].Apply(x, error);
        for (int row = 0; row < x.Rows; row++)
        {
            ReadOnlySpan<float> source = Rows.Of(x, row);
            Span<float> values = Rows.Of(error, row);
            int i = 0;
            for (; i <= values.Length - Vector<float>.Count; i += Vector<float>.Count)
                (new Vector<float>(source[i..]) - new Vector<float>(values[i..])).CopyTo(values[i..]);
            for (; i < values.Length; i++)
                values[i] = source[i] - values[i];
        }
    }

    private static void Grow(ref float[] room, int length)
    {
        if (room.Length < length)
            room = new float[length];
    }

    /// <summary>
    /// Adds the squares of all portions for every candidate, from the reference's outputs or the first candidate's differences.
    /// </summary>
    private void Add(ReadOnlyMatrixView x, MatrixView y, bool isReference)
    {
        fixed (float* tokens = x.Data, outputs = y.Data)
        {
            var input = new PinnedMatrix(tokens, x.Rows, x.Columns, x.RowStride);
            var output = new PinnedMatrix(outputs, y.Rows, y.Columns, y.RowStride);
            int portions = (x.Rows + TokensOfPortion - 1) / TokensOfPortion, changes = _chain.Length - 1;
            Workers.ForRanges(x.Rows, TokensOfPortion, _threads, (first, count) =>
                _portions[first / TokensOfPortion].Begin(input.Slice(first, count), isReference), _ct);
            Workers.ForRanges(portions * changes, 1, _threads, (item, _) =>
            {
                int portion = item / changes, first = portion * TokensOfPortion;
                _portions[portion].LoadChange(item % changes, input.Slice(first, Math.Min(TokensOfPortion, input.RowCount - first)));
            }, _ct);
            Workers.ForRanges(Slabs, 1, _threads, () => new Mxfp4Slab(Math.Min(TokensOfPortion, input.RowCount)), (slab, index, _) =>
            {
                Span<double> sums = _sums.AsSpan(index * _chain.Length, _chain.Length);
                for (int first = 0; first < output.RowCount; first += TokensOfPortion)
                {
                    slab.Load(output.Slice(first, Math.Min(TokensOfPortion, output.RowCount - first)), index * Mxfp4Slab.Width);
                    _portions[first / TokensOfPortion].AddSquares(slab, _weight, isReference, sums);
                }
            }, _ct);
        }
    }
}
