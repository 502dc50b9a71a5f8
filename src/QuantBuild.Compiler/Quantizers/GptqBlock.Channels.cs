using QuantBuild.Compiler.LinearAlgebra;
using QuantBuild.Formats;
using QuantBuild.Kernels;
using QuantBuild.Matrices;

namespace QuantBuild.Compiler.Quantizers;

/// <content>From the weight to the walk and back: channels that are neighbours, or that lie apart.</content>
internal sealed partial class GptqBlock
{
    /// <summary>Takes the weights, less an offset, and scales of channels [start, start + length).</summary>
    public void Load(PinnedMatrix weight, PinnedMatrix offset, PackedWeight packed, int start, int length)
    {
        _start = start;
        _length = length;
        if (_order is null)
            LoadNeighbours(weight, packed, start, length);
        else
            LoadApart(weight, packed, _order.AsSpan(start, length));
        Span<float> sums = _sums.AsSpan(0, length * _stride);
        ReadOnlySpan<float> weights = _weights.AsSpan(0, length * _stride);
        if (offset.RowCount == 0)
        {
            weights.CopyTo(sums);
            return;
        }
        Transposition.Copy(offset.View(_first, start, _count, length), new MatrixView(_sums, length, _count, _stride, 1));
        for (int i = 0; i < sums.Length; i++)
            sums[i] = weights[i] - sums[i];
    }

    private void LoadNeighbours(PinnedMatrix weight, PackedWeight packed, int start, int length)
    {
        Transposition.Copy(weight.View(_first, start, _count, length), new MatrixView(_weights, length, _count, _stride, 1));
        int groups = Mxfp4.Blocks(packed.Columns), firstGroup = start / Mxfp4.BlockSize;
        for (int group = 0; group < Mxfp4.Blocks(length); group++)
        {
            Span<float> scales = _scales.AsSpan(group * _stride, _count), inverse = _inverseScales.AsSpan(group * _stride, _count);
            int at = (_first * groups) + firstGroup + group;
            for (int o = 0; o < scales.Length; o++, at += groups)
            {
                byte scale = packed.Scales[at];
                scales[o] = E8M0.Decode(scale);
                inverse[o] = E8M0.Inverse(scale);
            }
        }
    }

    /// <summary>The same for channels in another order: gathered row by row, where they lie close, and then transposed.</summary>
    private void LoadApart(PinnedMatrix weight, PackedWeight packed, ReadOnlySpan<int> channels)
    {
        int groups = Mxfp4.Blocks(packed.Columns);
        for (int o = 0; o < _count; o++)
        {
            ReadOnlySpan<float> row = weight.Row(_first + o);
            Span<float> gathered = _rows.AsSpan(o * _length, _length);
            for (int k = 0; k < gathered.Length; k++)
                gathered[k] = row[channels[k]];
        }
        Transpose(_weights);
        for (int o = 0; o < _count; o++)
        {
            ReadOnlySpan<byte> scales = packed.Scales.AsSpan((_first + o) * groups, groups);
            Span<float> gathered = _rows.AsSpan(o * _length, _length);
            for (int k = 0; k < gathered.Length; k++)
                gathered[k] = E8M0.Decode(scales[channels[k] / Mxfp4.BlockSize]);
        }
        Transpose(_scales);
        for (int k = 0; k < _length; k++)
        {
            // Exact, as E8M0.Inverse is.
            Span<float> inverse = _inverseScales.AsSpan(k * _stride, _count), scales = _scales.AsSpan(k * _stride, _count);
            for (int o = 0; o < inverse.Length; o++)
                inverse[o] = 1 / scales[o];
        }
    }

    private void Transpose(float[] walked) => Transposition.Copy(new ReadOnlyMatrixView(_rows.AsSpan(0, _count * _length), _count, _length),
        new MatrixView(walked, _length, _count, _stride, 1));

    /// <summary>The codes of the block.</summary>
    public void Encode(PackedWeight packed)
    {
        if (_order is null)
            EncodeNeighbours(packed);
        else
            EncodeApart(packed, _order.AsSpan(_start, _length));
    }

    private void EncodeNeighbours(PackedWeight packed)
    {
        int codeBytes = Mxfp4.CodeBytes(packed.Columns), groups = Mxfp4.Blocks(packed.Columns);
        int bytes = Mxfp4.CodeBytes(_length), blocks = Mxfp4.Blocks(_length);
        Transposition.Copy(new ReadOnlyMatrixView(_sums, _length, _count, _stride, 1), new MatrixView(_rows, _count, _length));
        for (int o = 0; o < _count; o++)
        {
            Mxfp4.EncodeRow(_rows.AsSpan(o * _length, _length),
                packed.Scales.AsSpan(((_first + o) * groups) + (_start / Mxfp4.BlockSize), blocks), _ties,
                packed.Codes.AsSpan(((_first + o) * codeBytes) + (_start / 2), bytes));
        }
    }

    /// <summary>Keeps what the block was rounded from; after the last one whole rows are encoded.</summary>
    private void EncodeApart(PackedWeight packed, ReadOnlySpan<int> channels)
    {
        Transposition.Copy(new ReadOnlyMatrixView(_sums, _length, _count, _stride, 1), new MatrixView(_rows, _count, _length));
        for (int o = 0; o < _count; o++)
        {
            ReadOnlySpan<float> sums = _rows.AsSpan(o * _length, _length);
            Span<float> row = _walked.AsSpan(o * _channels, _channels);
            for (int k = 0; k < sums.Length; k++)
                row[channels[k]] = sums[k];
        }
        if (_start + _length < _channels)
            return;
        int codeBytes = Mxfp4.CodeBytes(_channels), groups = Mxfp4.Blocks(_channels);
        for (int o = 0; o < _count; o++)
        {
            Mxfp4.EncodeRow(_walked.AsSpan(o * _channels, _channels), packed.Scales.AsSpan((_first + o) * groups, groups), _ties,
                packed.Codes.AsSpan((_first + o) * codeBytes, codeBytes));
        }
    }
}
