using System.Buffers;
using QuantBuild.Formats;

namespace QuantBuild.Kernels;

/// <summary>Activations rounded to MXFP4, ready for <see cref="Mxfp4Product"/>: twice the E2M1 values as integers, and a scale per 32-block.</summary>
/// <param name="columns">Input channels.</param>
public sealed unsafe class Mxfp4Tokens(int columns) : IDisposable
{
    // A kernel reads whole tiles: so many rows more than there are tokens.
    private const int Spare = 8;

    private sbyte[] _values = [];
    private float[] _scales = [];
    private int[] _corrections = [];

    /// <summary>Tokens loaded.</summary>
    public int Rows { get; private set; }

    /// <summary>Input channels.</summary>
    public int Columns { get; } = columns;

    internal int Blocks { get; } = Mxfp4.Blocks(columns);

    internal sbyte[] Values => _values;

    internal float[] Scales => _scales;

    internal int[] Corrections => _corrections;

    /// <summary>Rounds tokens, by the rule that <see cref="Mxfp4.QuantizeDequantize"/> documents.</summary>
    /// <param name="x">[tokens, in], rows contiguous.</param>
    /// <param name="ties">Where exact midpoints go.</param>
    /// <param name="ratio">Multiplies a block's largest magnitude before its scale is chosen (ceil rule).</param>
    /// <param name="exponentOffset">Added to every scale's exponent.</param>
    /// <param name="negate">Stores the negative: a product then subtracts.</param>
    /// <param name="threads">Threads to use; the result does not depend on it.</param>
    public void Load(ReadOnlyMatrixView x, TieRule ties, float ratio = 1, int exponentOffset = 0, bool negate = false, int threads = 1)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(x.Columns, Columns);
        x.RequireDenseRows();
        Rows = x.Rows;
        Room(ref _values, (Rows + Spare) * Blocks * Mxfp4.BlockSize);
        Room(ref _scales, (Rows + Spare) * Blocks);
        Room(ref _corrections, (Rows + Spare) * Blocks);
        var block = new Mxfp4.ActivationBlock(ScaleRule.Ceil, ties, ratio, exponentOffset);
        fixed (float* source = x.Data, scales = _scales)
        fixed (sbyte* values = _values)
        fixed (int* corrections = _corrections)
            RowLoop.Run(Rows, Columns, threads, new Work(source, x.RowStride, values, scales, corrections, Columns, block, negate ? -1 : 1));
    }

    /// <summary>Gives the memory back.</summary>
    public void Dispose()
    {
        Rows = 0;
        Room(ref _values, 0);
        Room(ref _scales, 0);
        Room(ref _corrections, 0);
    }

    private static void Room<T>(ref T[] array, int length)
    {
        if (length > 0 && array.Length >= length)
            return;
        if (array.Length > 0)
            ArrayPool<T>.Shared.Return(array);
        array = length > 0 ? ArrayPool<T>.Shared.Rent(length) : [];
    }

    private readonly struct Work(float* x, nint xStride, sbyte* values, float* scales, int* corrections, int columns, Mxfp4.ActivationBlock block, float sign) : IRowWork
    {
        public void Run(int from, int to)
        {
            int blocks = Mxfp4.Blocks(columns), whole = columns / Mxfp4.BlockSize;
            float* last = stackalloc float[Mxfp4.BlockSize];
            for (int row = from; row < to; row++)
            {
                nint first = (nint)row * blocks;
                block.Split(x + (row * xStride), values + (first * Mxfp4.BlockSize), scales + first, corrections + first, whole, sign);
                if (whole == blocks)
                    continue;
                var padded = new Span<float>(last, Mxfp4.BlockSize);
                padded.Clear();
                new ReadOnlySpan<float>(x + (row * xStride) + (whole * Mxfp4.BlockSize), columns - (whole * Mxfp4.BlockSize)).CopyTo(padded);
                first += whole;
                block.Split(last, values + (first * Mxfp4.BlockSize), scales + first, corrections + first, 1, sign);
            }
        }
    }
}
