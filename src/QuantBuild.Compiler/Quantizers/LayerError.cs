using QuantBuild.Kernels;
using QuantBuild.Matrices;

namespace QuantBuild.Compiler.Quantizers;

/// <summary>How far quantized forms of a layer are from the full-precision layer, on recorded tokens.</summary>
/// <remarks>
/// <c>Y = X W^T</c> and <c>Yhat = Q(X/s) Wq^T + ((X/s) A^T) B^T</c>, both float32: Yhat is what the runtime
/// computes, an exact integer product per 32-block (<see cref="Mxfp4Product"/>; one chain over the input channels where activations are
/// left) and then the rank of the other branch.  The bias is the same in both and left out.  Sums are double: every token adds up
/// its outputs tile by tile (<see cref="FixedSums"/> within a tile, tiles in order), tokens are added in order.
/// </remarks>
internal sealed class LayerError : IDisposable
{
    /// <summary>Tokens for which buffers are held; portions may be of any size.</summary>
    public const int TokensAtOnce = 512;

    private readonly MeasuredLayer[] _layers;
    private readonly MeasuredLayer[] _distinct;
    private readonly ErrorSums[] _sums;
    private readonly int _threads;
    private readonly CancellationToken _ct;
    private MeasuredPortion? _portion;

    /// <summary>Begins a measurement whose tokens come in portions.</summary>
    /// <param name="layers">The quantized forms, of one layer.</param>
    /// <param name="threads">Threads to use; the result does not depend on it.</param>
    /// <param name="ct">Ends the measurement between blocks; it is of no more use then.</param>
    public LayerError(IReadOnlyList<MeasuredLayer> layers, int threads = 1, CancellationToken ct = default)
    {
        _layers = [.. layers];
        _distinct = [.. layers.Distinct()];
        _sums = new ErrorSums[_distinct.Length];
        _threads = threads;
        _ct = ct;
    }

    /// <summary>Tokens measured so far.</summary>
    public long Tokens { get; private set; }

    /// <summary>Measures several forms of one layer on tokens that are all in memory.</summary>
    /// <param name="x">Activations as recorded, [tokens, in], row-major.</param>
    /// <param name="weight">W in full precision, [out, in], row-major.</param>
    /// <param name="layers">The quantized forms.</param>
    /// <param name="threads">Threads to use; the result does not depend on it.</param>
    /// <returns>One result per form; no tokens give zeros.</returns>
    /// <exception cref="NumericException">A weight or activation is not finite, or an output overflowed.</exception>
    public static ErrorSums[] Measure(ReadOnlyMatrixView x, ReadOnlyMatrixView weight, IReadOnlyList<MeasuredLayer> layers, int threads = 1)
    {
        FiniteValues.Check(NumericException.Weight, weight);
        using var errors = new LayerError(layers, threads);
        errors.Add(x, weight);
        return errors.Finish();
    }

    /// <summary>Adds tokens. The weight is taken to be finite.</summary>
    /// <param name="x">Activations as recorded, [tokens, in], row-major.</param>
    /// <param name="weight">W in full precision, [out, in], row-major; the same every time.</param>
    /// <exception cref="NumericException">An activation is not finite.</exception>
    /// <exception cref="OperationCanceledException">The measurement was cancelled.</exception>
    public void Add(ReadOnlyMatrixView x, ReadOnlyMatrixView weight)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(weight.Columns, x.Columns);
        foreach (MeasuredLayer layer in _distinct)
        {
            ArgumentOutOfRangeException.ThrowIfNotEqual(layer.Weight.Columns, weight.Columns, nameof(weight));
            ArgumentOutOfRangeException.ThrowIfNotEqual(layer.Weight.Rows, weight.Rows, nameof(weight));
        }
        FiniteValues.Check(NumericException.Activation, x);
        if (x.Rows == 0)
            return;
        _portion ??= new MeasuredPortion(_distinct, Math.Min(TokensAtOnce, x.Rows), weight.Rows);
        for (int first = 0; first < x.Rows; first += _portion.MostTokens)
            _portion.Add(x.Slice(first, 0, Math.Min(_portion.MostTokens, x.Rows - first), x.Columns), weight, _sums, _threads, _ct);
        Tokens += x.Rows;
    }

    /// <summary>One result per form, in the order given.</summary>
    /// <exception cref="NumericException">An output overflowed.</exception>
    public ErrorSums[] Finish()
    {
        foreach (ErrorSums sum in _sums)
        {
            if (!double.IsFinite(sum.Reference + sum.Difference + sum.Product + sum.Output))
                throw new NumericException("layer output", "some token and channel", float.NaN);
        }
        return [.. _layers.Select(layer => _sums[Array.IndexOf(_distinct, layer)])];
    }

    /// <inheritdoc/>
    public void Dispose() => _portion?.Dispose();
}
