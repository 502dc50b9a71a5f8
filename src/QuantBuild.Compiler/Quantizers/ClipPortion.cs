using QuantBuild.Compiler.LinearAlgebra;
using QuantBuild.Formats;
using QuantBuild.Kernels;
using QuantBuild.Matrices;

namespace QuantBuild.Compiler.Quantizers;

/// <summary>
/// A portion of tokens as <see cref="ClipErrors"/> walks through its candidates: the first one's values, and each other one's changes.
/// </summary>
/// <param name="chain">The candidates in the order of the walk.</param>
/// <param name="channels">Input channels.</param>
internal sealed class ClipPortion(ActivationQuantizer[] chain, int channels) : IDisposable
{
    private readonly Mxfp4Changes[] _changes = [.. chain.Skip(1).Select(_ => new Mxfp4Changes(channels))];
    private readonly Mxfp4Tokens _first = new(channels);
    private float[] _maxima = [];

    /// <summary>Takes new tokens.</summary>
    /// <param name="x">The tokens.</param>
    /// <param name="withFirst">Whether the first candidate's values are wanted.</param>
    public void Begin(ReadOnlyMatrixView x, bool withFirst)
    {
        if (withFirst)
            _first.Load(x, chain[0].Rounding, negate: true);
        int blocks = x.Rows * Mxfp4.Blocks(channels);
        if (_maxima.Length != blocks)
            _maxima = new float[blocks];
        Mxfp4Changes.Maxima(x, _maxima);
    }

    /// <summary>Finds what changes from one candidate to the next.</summary>
    /// <param name="index">0 for the change from the first candidate to the second.</param>
    /// <param name="x">The tokens again.</param>
    public void LoadChange(int index, ReadOnlyMatrixView x) =>
        // A candidate's values are subtracted: from its own back to those of the one before.
        _changes[index].Load(x, _maxima, before: chain[index + 1].Rounding, after: chain[index].Rounding);

    /// <summary>Adds every candidate's squares over one slab of outputs.</summary>
    /// <param name="slab">Holds the reference's outputs, or the first candidate's differences; is used up.</param>
    /// <param name="weight">Rq.</param>
    /// <param name="isReference">Which of the two.</param>
    /// <param name="sums">One per candidate.</param>
    public void AddSquares(Mxfp4Slab slab, Mxfp4Panels weight, bool isReference, Span<double> sums)
    {
        if (isReference)
            slab.Add(_first, weight);
        for (int candidate = 0; candidate < sums.Length; candidate++)
        {
            if (candidate > 0)
                slab.Add(_changes[candidate - 1], weight);
            sums[candidate] += FixedSums.SquaredNorm(slab.Values);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _first.Dispose();
}
