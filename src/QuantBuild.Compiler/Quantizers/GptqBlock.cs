using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using QuantBuild.Formats;
using QuantBuild.Kernels;

namespace QuantBuild.Compiler.Quantizers;

/// <summary>A thread's memory for <see cref="GptqSweep"/>: a chunk of output rows, transposed, so that element (k, o) is at <c>k * stride + o</c>.</summary>
internal sealed class GptqBlock
{
    /// <summary>Output rows that are walked together; in the last chunk some of them are leftovers that nobody reads.</summary>
    public const int Granule = 32;

    private readonly int _stride;
    private readonly TieRule _ties;
    private readonly HessianFactor _split;
    private readonly float[] _errors;
    private readonly float[] _weights;
    private readonly float[] _sums;
    private readonly float[] _factor;
    private readonly float[] _inverseScales;
    private readonly float[] _scales;
    private readonly float[] _row;
    private readonly double[] _energy;
    private int _first;
    private int _count;
    private int _start;
    private int _length;

    /// <summary>Memory for blocks of <paramref name="size"/> channels out of <paramref name="channels"/>, and chunks of <paramref name="rows"/> rows.</summary>
    public GptqBlock(int size, int rows, int channels, TieRule ties, HessianFactor split)
    {
        // Half a granule on top keeps neighbouring channels out of each other's cache sets.
        _stride = ((rows + Granule - 1) / Granule * Granule) + (Granule / 2);
        _ties = ties;
        _split = split;
        _errors = new float[channels * _stride];
        _weights = new float[size * _stride];
        _sums = new float[size * _stride];
        _factor = new float[size * size];
        _inverseScales = new float[size / Mxfp4.BlockSize * _stride];
        _scales = new float[size / Mxfp4.BlockSize * _stride];
        _row = new float[size];
        _energy = new double[_stride];
    }

    /// <summary><c>e H e^T</c> of every row of the chunk over the channels walked so far, H undamped.</summary>
    public ReadOnlySpan<double> Energy => _energy.AsSpan(0, _count);

    /// <summary>Turns to rows [first, first + count).</summary>
    public void Begin(int first, int count)
    {
        _first = first;
        _count = count;
        Array.Clear(_energy);
    }

    /// <summary>Takes the weights and scales of channels [start, start + length).</summary>
    public void Load(PinnedMatrix weight, PackedWeight packed, int start, int length)
    {
        _start = start;
        _length = length;
        int groups = Mxfp4.Blocks(packed.Columns), firstGroup = start / Mxfp4.BlockSize;
        for (int o = 0; o < _count; o++)
        {
            ReadOnlySpan<float> row = weight.Row(_first + o).Slice(start, length);
            for (int k = 0; k < row.Length; k++)
                _weights[(k * _stride) + o] = row[k];
            for (int group = 0; group < Mxfp4.Blocks(length); group++)
            {
                byte scale = packed.Scales[((_first + o) * groups) + firstGroup + group];
                _scales[(group * _stride) + o] = E8M0.Decode(scale);
                _inverseScales[(group * _stride) + o] = E8M0.Inverse(scale);
            }
        }
        _weights.AsSpan(0, length * _stride).CopyTo(_sums);
    }

    /// <summary>z = w + the errors of all channels before the block.</summary>
    public void AddFinished(PinnedMatrix factor)
    {
        if (_start == 0)
            return;
        ReadOnlyMatrixView before = factor.View(0, _start, _start, _length);
        var finished = new ReadOnlyMatrixView(_errors, _start, _count, _stride, 1);
        Gemm.Multiply(before.Transposed, finished, new MatrixView(_sums, _length, _count, _stride, 1), GemmMode.Add);
    }

    /// <summary>Rounds the block channel by channel; their errors join those of the channels before.</summary>
    public void Walk(PinnedMatrix factor)
    {
        for (int j = 0; j < _length; j++)
        {
            ReadOnlySpan<float> row = factor.Row(_start + j).Slice(_start, _length);
            for (int k = j + 1; k < _length; k++)
                _factor[(k * _length) + j] = row[k];
        }
        Span<float> block = _errors.AsSpan(_start * _stride, _length * _stride);
        for (int o = 0; o < _count; o += Granule)
        {
            if (Vector256.IsHardwareAccelerated)
                WalkVector(block, o);
            else
                WalkScalar(block, o);
        }
    }

    /// <summary>The codes of the block.</summary>
    public void Encode(PackedWeight packed)
    {
        int codeBytes = Mxfp4.CodeBytes(packed.Columns), groups = Mxfp4.Blocks(packed.Columns);
        int bytes = Mxfp4.CodeBytes(_length), blocks = Mxfp4.Blocks(_length);
        for (int o = 0; o < _count; o++)
        {
            Span<float> row = _row.AsSpan(0, _length);
            for (int k = 0; k < row.Length; k++)
                row[k] = _sums[(k * _stride) + o];
            Mxfp4.EncodeRow(row, packed.Scales.AsSpan(((_first + o) * groups) + (_start / Mxfp4.BlockSize), blocks), _ties,
                packed.Codes.AsSpan(((_first + o) * codeBytes) + (_start / 2), bytes));
        }
    }

    /// <summary>The specification of a walk.</summary>
    private void WalkScalar(Span<float> errors, int first)
    {
        for (int k = 0; k < _length; k++)
        {
            int scale = (k / Mxfp4.BlockSize * _stride) + first;
            for (int o = first; o < first + Granule; o++, scale++)
            {
                float sum = _sums[(k * _stride) + o];
                for (int j = 0; j < k; j++)
                    sum = MathF.FusedMultiplyAdd(_factor[(k * _length) + j], errors[(j * _stride) + o], sum);
                float rounded = E2M1.Round(sum * _inverseScales[scale], _ties) * _scales[scale];
                float error = _weights[(k * _stride) + o] - rounded;
                _sums[(k * _stride) + o] = sum;
                errors[(k * _stride) + o] = error;
                double feedback = (double)sum - rounded;
                _energy[o] += (_split.Pivots[_start + k] * (feedback * feedback)) - (_split.Damping * ((double)error * error));
            }
        }
    }

    /// <summary>The same, 32 rows in four vectors.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void WalkVector(Span<float> errors, int first)
    {
        ref float e = ref Unsafe.Add(ref MemoryMarshal.GetReference(errors), first);
        ref float z = ref Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(_sums), first);
        nuint stride = (nuint)_stride;
        for (int k = 0; k < _length; k++)
        {
            ref float m = ref Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(_factor), k * _length);
            nuint at = (nuint)k * stride;
            Vector256<float> z0 = Vector256.LoadUnsafe(ref z, at);
            Vector256<float> z1 = Vector256.LoadUnsafe(ref z, at + 8);
            Vector256<float> z2 = Vector256.LoadUnsafe(ref z, at + 16);
            Vector256<float> z3 = Vector256.LoadUnsafe(ref z, at + 24);
            nuint row = 0;
            for (int j = 0; j < k; j++, row += stride)
            {
                Vector256<float> weight = Vector256.Create(Unsafe.Add(ref m, j));
                z0 = Vector256.FusedMultiplyAdd(weight, Vector256.LoadUnsafe(ref e, row), z0);
                z1 = Vector256.FusedMultiplyAdd(weight, Vector256.LoadUnsafe(ref e, row + 8), z1);
                z2 = Vector256.FusedMultiplyAdd(weight, Vector256.LoadUnsafe(ref e, row + 16), z2);
                z3 = Vector256.FusedMultiplyAdd(weight, Vector256.LoadUnsafe(ref e, row + 24), z3);
            }
            Finish(z0, ref e, k, first);
            Finish(z1, ref Unsafe.Add(ref e, 8), k, first + 8);
            Finish(z2, ref Unsafe.Add(ref e, 16), k, first + 16);
            Finish(z3, ref Unsafe.Add(ref e, 24), k, first + 24);
        }
    }

    /// <summary>Rounds eight finished sums of channel k.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Finish(Vector256<float> sum, ref float errors, int k, int row)
    {
        nuint at = (nuint)((k * _stride) + row);
        nuint scale = (nuint)((k / Mxfp4.BlockSize * _stride) + row);
        Vector256<float> inverse = Vector256.LoadUnsafe(ref MemoryMarshal.GetArrayDataReference(_inverseScales), scale);
        Vector256<float> rounded = E2M1.Round(sum * inverse, _ties) * Vector256.LoadUnsafe(ref MemoryMarshal.GetArrayDataReference(_scales), scale);
        Vector256<float> error = Vector256.LoadUnsafe(ref MemoryMarshal.GetArrayDataReference(_weights), at) - rounded;
        sum.StoreUnsafe(ref MemoryMarshal.GetArrayDataReference(_sums), at);
        error.StoreUnsafe(ref errors, (nuint)(k * _stride));

        (Vector256<double> sumLow, Vector256<double> sumHigh) = Vector256.Widen(sum);
        (Vector256<double> roundedLow, Vector256<double> roundedHigh) = Vector256.Widen(rounded);
        (Vector256<double> errorLow, Vector256<double> errorHigh) = Vector256.Widen(error);
        AddEnergy(sumLow - roundedLow, errorLow, k, row);
        AddEnergy(sumHigh - roundedHigh, errorHigh, k, row + 4);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void AddEnergy(Vector256<double> feedback, Vector256<double> error, int k, int row)
    {
        ref double energy = ref MemoryMarshal.GetArrayDataReference(_energy);
        Vector256<double> old = Vector256.LoadUnsafe(ref energy, (nuint)row);
        Vector256<double> damped = Vector256.Create(_split.Pivots[_start + k]) * (feedback * feedback);
        (old + (damped - (Vector256.Create(_split.Damping) * (error * error)))).StoreUnsafe(ref energy, (nuint)row);
    }
}
