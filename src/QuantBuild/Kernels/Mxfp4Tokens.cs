using System.Buffers;
using System.Numerics;
using System.Runtime.CompilerServices;
using QuantBuild.Formats;
using QuantBuild.Matrices;

namespace QuantBuild.Kernels;

/// <summary>
/// Activations rounded to MXFP4, ready for <see cref="Mxfp4Product"/>: twice the E2M1 values as integers, and a scale per 32-block.
/// </summary>
/// <param name="columns">Input channels.</param>
internal sealed unsafe class Mxfp4Tokens(int columns) : IDisposable
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

    /// <summary>
    /// What the 12 in every byte of a weight (<see cref="Mxfp4Panels"/>) adds to a block's product, negated: -12 times the sum of the
    /// block's values, in two equal halves of 16 bits.
    /// </summary>
    internal static int Correction(int sum) => (-6 * sum << 16) | (-6 * sum & 0xFFFF);

    /// <summary>Rounds tokens, by the rule that <see cref="Mxfp4.QuantizeDequantize"/> documents.</summary>
    /// <param name="x">[tokens, in], rows contiguous.</param>
    /// <param name="rounding">How.</param>
    /// <param name="negate">Stores the negative: a product then subtracts.</param>
    /// <param name="threads">Threads to use; the result does not depend on it.</param>
    public void Load(ReadOnlyMatrixView x, Mxfp4Rounding rounding, bool negate = false, int threads = 1)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(x.Columns, Columns);
        x.RequireDenseRows();
        Begin(x.Rows);
        fixed (float* source = x.Data)
            Load(new Strided(source, x.RowStride, 1), 0, Rows, rounding, negate, threads);
    }

    /// <summary>Bytes that so many tokens take: arrays of a pool, whose lengths are powers of two.</summary>
    internal static long BytesFor(int rows, int columns)
    {
        ulong blocks = (ulong)(rows + Spare) * (ulong)Mxfp4.Blocks(columns);
        return (long)(BitOperations.RoundUpToPowerOf2(blocks * Mxfp4.BlockSize)
            + ((sizeof(float) + sizeof(int)) * BitOperations.RoundUpToPowerOf2(blocks)));
    }

    /// <summary>Makes room for so many tokens, undefined until they are loaded.</summary>
    internal void Begin(int rows)
    {
        Rows = rows;
        Room(ref _values, checked((Rows + Spare) * Blocks * Mxfp4.BlockSize));
        Room(ref _scales, (Rows + Spare) * Blocks);
        Room(ref _corrections, (Rows + Spare) * Blocks);
    }

    /// <summary>Rounds some of the tokens that there is room for.</summary>
    /// <param name="x">The first of them; rows contiguous.</param>
    /// <param name="first">Its row here.</param>
    /// <param name="count">How many.</param>
    /// <param name="rounding">How.</param>
    /// <param name="negate">Stores the negative.</param>
    /// <param name="threads">Threads to use.</param>
    internal void Load(Strided x, int first, int count, Mxfp4Rounding rounding, bool negate, int threads)
    {
        nint at = (nint)first * Blocks;
        fixed (float* scales = _scales)
        fixed (sbyte* values = _values)
        fixed (int* corrections = _corrections)
        {
            RowLoop.Run(count, Columns, threads,
                new Work(x, values + (at * Mxfp4.BlockSize), scales + at, corrections + at, Columns, rounding, negate ? -0.5f : 0.5f));
        }
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

    private readonly struct Work(Strided x, sbyte* values, float* scales, int* corrections, int columns, Mxfp4Rounding rounding, float half)
        : IRowWork
    {
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public void Run(int from, int to)
        {
            int blocks = Mxfp4.Blocks(columns);
            float* padded = stackalloc float[Mxfp4.BlockSize];
            for (int row = from; row < to; row++)
            {
                nint at = (nint)row * blocks;
                for (int block = 0; block < blocks; block++, at++)
                {
                    float* source = Mxfp4Rounding.Block(x.At(row, 0), columns, block, padded);
                    float maximum = Mxfp4.Maximum(new ReadOnlySpan<float>(source, Mxfp4.BlockSize));
                    byte scale = rounding.Scale(maximum);
                    corrections[at] = Correction(rounding.Apply(source, maximum, scale, values + (at * Mxfp4.BlockSize)));
                    scales[at] = E8M0.Decode(scale) * half;
                }
            }
        }
    }
}
