using QuantBuild.Compiler.LinearAlgebra;
using QuantBuild.Formats;
using QuantBuild.Kernels;
using QuantBuild.Matrices;

namespace QuantBuild.Compiler.Quantizers;

/// <content>From the weight to the walk and back: channels that are neighbours, or that lie apart.</content>
internal sealed partial class GptqBlock
{
    /// <summary>Takes the weights and scales of channels [start, start + length).</summary>
    public void Load(PinnedMatrix weight, PackedWeight packed, int start, int length)
    {
        _start = start;
        _length = length;
        if (_order is null)
            LoadNeighbours(weight, packed, start, length);
        else
            LoadApart(weight, packed, _order.AsSpan(start, length));
        _weights.AsSpan(0, length * _stride).CopyTo(_sums);
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

    /// <summary>The same for channels in another order.</summary>
    private void LoadApart(PinnedMatrix weight, PackedWeight packed, ReadOnlySpan<int> channels)
    {
        int groups = Mxfp4.Blocks(packed.Columns);
        for (int o = 0; o < _count; o++)
        {
            ReadOnlySpan<float> row = weight.Row(_first + o);
            ReadOnlySpan<byte> scales = packed.Scales.AsSpan((_first + o) * groups, groups);
            for (int k = 0, at = o; k < channels.Length; k++, at += _stride)
            {
                byte scale = scales[channels[k] / Mxfp4.BlockSize];
                _weights[at] = row[channels[k]];
                _scales[at] = E8M0.Decode(scale);
                _inverseScales[at] = E8M0.Inverse(scale);
            }
        }
    }

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

    private void EncodeApart(PackedWeight packed, ReadOnlySpan<int> channels)
    {
        int codeBytes = Mxfp4.CodeBytes(packed.Columns);
        for (int o = 0; o < _count; o++)
        {
            Span<byte> codes = packed.Codes.AsSpan((_first + o) * codeBytes, codeBytes);
            for (int k = 0, at = o; k < channels.Length; k++, at += _stride)
            {
                int code = E2M1.Encode(_sums[at] * _inverseScales[at], _ties), channel = channels[k];
                codes[channel / 2] |= (byte)((channel & 1) == 0 ? code : code << 4);
            }
        }
    }
}
