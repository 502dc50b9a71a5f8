using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using QuantBuild.Formats;
using QuantBuild.Kernels;
using QuantBuild.Matrices;

namespace QuantBuild.Compiler.Quantizers;

/// <summary>
/// A thread's memory for <see cref="GptqSweep"/>: a chunk of output rows, transposed, so that element (k, o) is at <c>k * stride + o</c>.
/// </summary>
internal sealed partial class GptqBlock
{
    /// <summary>Output rows that are walked together; the last chunk is filled up with rows that nobody reads.</summary>
    public const int Granule = 32;

    private static readonly int Width = PanelMatrixView.Width;

    // Walked channels that are neighbours in the weight and share a scale: a block of them, or each has its own.
    private readonly int _perScale;
    private readonly int _stride;
    private readonly int _channels;
    private readonly TieRule _ties;
    private readonly HessianFactor _split;
    private readonly int[]? _order;
    private readonly float[] _errors;
    private readonly float[] _weights;
    private readonly float[] _sums;
    private readonly float[] _factor;
    private readonly float[] _inverseScales;
    private readonly float[] _scales;
    private readonly float[] _rows;
    private readonly float[] _walked;
    private readonly double[] _energy;
    private int _first;
    private int _count;
    private int _start;
    private int _length;

    /// <summary>
    /// Memory for blocks of <paramref name="size"/> channels out of <paramref name="channels"/>, and chunks of <paramref name="rows"/>
    /// rows. Channels are numbered as they are walked; <paramref name="order"/> says where they lie in the weight, null for the same place.
    /// </summary>
    public GptqBlock(int size, int rows, int channels, TieRule ties, HessianFactor split, int[]? order = null)
    {
        int granules = (rows + Granule - 1) / Granule;

        // Half a granule on top keeps neighbouring channels out of each other's cache sets.
        _stride = (granules * Granule) + (Granule / 2);
        _channels = channels;
        _ties = ties;
        _split = split;
        _order = order;
        _perScale = order is null ? Mxfp4.BlockSize : 1;
        _errors = GC.AllocateUninitializedArray<float>(checked(granules * Granule * channels));
        _weights = new float[size * _stride];
        _sums = new float[size * _stride];
        _factor = new float[size * size];
        _inverseScales = new float[size / _perScale * _stride];
        _scales = new float[size / _perScale * _stride];
        _rows = new float[rows * size];
        _walked = order is null ? [] : new float[(long)rows * channels];
        _energy = new double[_stride];
    }

    /// <summary><c>e H e^T</c> of every row of the chunk over the channels walked so far, H undamped.</summary>
    public ReadOnlySpan<double> Energy => _energy.AsSpan(0, _count);

    /// <summary>Starts on rows [first, first + count).</summary>
    public void Begin(int first, int count)
    {
        _first = first;
        _count = count;
        Array.Clear(_energy);
    }

    /// <summary>z = w + the errors of all channels before the block.</summary>
    public void AddFinished(PinnedMatrix factor)
    {
        if (_start == 0)
            return;
        ReadOnlyMatrixView before = factor.View(0, _start, _start, _length);

        // Whole granules: padding costs nothing, and every tile is a full one.
        int rows = (_count + Granule - 1) / Granule * Granule;
        Gemm.MultiplyPanels(before.Transposed, new PanelMatrixView(_errors, _start, rows, _channels * Width),
            new MatrixView(_sums, _length, rows, _stride, 1), GemmMode.Add);
    }

    /// <summary>Rounds the block channel by channel; their errors join those of the channels before.</summary>
    public void Walk(PinnedMatrix factor)
    {
        Transposition.Copy(factor.View(_start, _start, _length, _length), new MatrixView(_factor, _length, _length));
        for (int o = 0; o < _count; o += Granule)
        {
            ref float errors = ref _errors[(o * _channels) + (_start * Width)];
            if (Vector256.IsHardwareAccelerated)
                WalkVector(ref errors, o);
            else
                WalkScalar(_errors.AsSpan((o * _channels) + (_start * Width)), o);
        }
    }

    /// <summary>
    /// Where the errors of a channel and an output row lie, counted from those of the block and the granule; rows of a granule can be in
    /// two panels.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private int At(int channel, int row) => (row / Width * Width * _channels) + (channel * Width) + (row % Width);

    /// <summary>The reference of a walk: vector code gives the same bits.</summary>
    private void WalkScalar(Span<float> errors, int first)
    {
        for (int k = 0; k < _length; k++)
        {
            int scale = (k / _perScale * _stride) + first;
            for (int o = 0; o < Granule; o++, scale++)
            {
                float sum = _sums[(k * _stride) + first + o];
                for (int j = 0; j < k; j++)
                    sum = MathF.FusedMultiplyAdd(_factor[(k * _length) + j], errors[At(j, o)], sum);
                float rounded = E2M1.Round(sum * _inverseScales[scale], _ties) * _scales[scale];
                float error = _weights[(k * _stride) + first + o] - rounded;
                _sums[(k * _stride) + first + o] = sum;
                errors[At(k, o)] = error;
                double feedback = (double)sum - rounded;
                _energy[first + o] += (_split.Pivots[_start + k] * (feedback * feedback)) - (_split.Damping * ((double)error * error));
            }
        }
    }

    /// <summary>The same, 32 rows in four vectors, and two channels at a time: eight chains hide the latency of an addition.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void WalkVector(ref float e, int first)
    {
        ref float z = ref Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(_sums), first);
        for (int k = 0; k < _length; k += 2)
        {
            // Behind the last of an odd number of channels comes nothing: it is its own partner, and the second result is not used.
            int next = Math.Min(k + 1, _length - 1);
            ref float m = ref Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(_factor), k * _length);
            ref float n = ref Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(_factor), next * _length);
            nuint at = (nuint)(k * _stride), nextAt = (nuint)(next * _stride);
            Vector256<float> z0 = Vector256.LoadUnsafe(ref z, at), z4 = Vector256.LoadUnsafe(ref z, nextAt);
            Vector256<float> z1 = Vector256.LoadUnsafe(ref z, at + 8), z5 = Vector256.LoadUnsafe(ref z, nextAt + 8);
            Vector256<float> z2 = Vector256.LoadUnsafe(ref z, at + 16), z6 = Vector256.LoadUnsafe(ref z, nextAt + 16);
            Vector256<float> z3 = Vector256.LoadUnsafe(ref z, at + 24), z7 = Vector256.LoadUnsafe(ref z, nextAt + 24);
            nuint row = 0, half = (nuint)At(0, Granule / 2), step = (nuint)Width;
            for (int j = 0; j < k; j++, row += step)
            {
                Vector256<float> left = Vector256.Create(Unsafe.Add(ref m, j)), right = Vector256.Create(Unsafe.Add(ref n, j));
                Vector256<float> error = Vector256.LoadUnsafe(ref e, row);
                z0 = Vector256.FusedMultiplyAdd(left, error, z0);
                z4 = Vector256.FusedMultiplyAdd(right, error, z4);
                error = Vector256.LoadUnsafe(ref e, row + 8);
                z1 = Vector256.FusedMultiplyAdd(left, error, z1);
                z5 = Vector256.FusedMultiplyAdd(right, error, z5);
                error = Vector256.LoadUnsafe(ref e, row + half);
                z2 = Vector256.FusedMultiplyAdd(left, error, z2);
                z6 = Vector256.FusedMultiplyAdd(right, error, z6);
                error = Vector256.LoadUnsafe(ref e, row + half + 8);
                z3 = Vector256.FusedMultiplyAdd(left, error, z3);
                z7 = Vector256.FusedMultiplyAdd(right, error, z7);
            }
            Vector256<float> e0 = Finish(z0, ref e, k, first, 0), e1 = Finish(z1, ref e, k, first, 8);
            Vector256<float> e2 = Finish(z2, ref e, k, first, 16), e3 = Finish(z3, ref e, k, first, 24);
            if (next == k)
                break;
            Vector256<float> last = Vector256.Create(Unsafe.Add(ref n, k));
            Finish(Vector256.FusedMultiplyAdd(last, e0, z4), ref e, next, first, 0);
            Finish(Vector256.FusedMultiplyAdd(last, e1, z5), ref e, next, first, 8);
            Finish(Vector256.FusedMultiplyAdd(last, e2, z6), ref e, next, first, 16);
            Finish(Vector256.FusedMultiplyAdd(last, e3, z7), ref e, next, first, 24);
        }
    }

    /// <summary>Rounds eight finished sums of channel k; returns their errors.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private Vector256<float> Finish(Vector256<float> sum, ref float errors, int k, int first, int lane)
    {
        int row = first + lane;
        nuint at = (nuint)((k * _stride) + row);
        nuint scale = (nuint)((k / _perScale * _stride) + row);
        Vector256<float> inverse = Vector256.LoadUnsafe(ref MemoryMarshal.GetArrayDataReference(_inverseScales), scale);
        Vector256<float> rounded = E2M1.Round(sum * inverse, _ties)
            * Vector256.LoadUnsafe(ref MemoryMarshal.GetArrayDataReference(_scales), scale);
        Vector256<float> error = Vector256.LoadUnsafe(ref MemoryMarshal.GetArrayDataReference(_weights), at) - rounded;
        sum.StoreUnsafe(ref MemoryMarshal.GetArrayDataReference(_sums), at);
        error.StoreUnsafe(ref errors, (nuint)At(k, lane));

        (Vector256<double> sumLow, Vector256<double> sumHigh) = Vector256.Widen(sum);
        (Vector256<double> roundedLow, Vector256<double> roundedHigh) = Vector256.Widen(rounded);
        (Vector256<double> errorLow, Vector256<double> errorHigh) = Vector256.Widen(error);
        AddEnergy(sumLow - roundedLow, errorLow, k, row);
        AddEnergy(sumHigh - roundedHigh, errorHigh, k, row + 4);
        return error;
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
