using QuantBuild.Formats;
using QuantBuild.Kernels;
using QuantBuild.Matrices;

namespace QuantBuild.Compiler.LinearAlgebra;

/// <summary>The difference between two ways of rounding the same tokens: only the 32-blocks that come out differently.</summary>
/// <remarks>
/// Scales are powers of two, so a block's difference is again whole numbers times one power of two; they stay within ±60 when the two
/// exponents are at most two apart.  Where they are further apart the block is listed twice, once taken away and once added.
/// </remarks>
/// <param name="columns">Input channels.</param>
internal sealed unsafe class Mxfp4Changes(int columns)
{
    // A kernel reads whole tiles: so many entries more than there are.
    private const int Spare = 8;
    private const int MostShift = 2;

    private readonly int[] _ends = new int[Mxfp4.Blocks(columns)];
    private sbyte[] _values = [];
    private float[] _scales = [];
    private int[] _corrections = [];
    private int[] _tokens = [];
    private int _count;

    /// <summary>Input channels.</summary>
    public int Columns { get; } = columns;

    internal int Blocks => _ends.Length;

    internal sbyte[] Values => _values;

    internal float[] Scales => _scales;

    internal int[] Corrections => _corrections;

    /// <summary>Row of every entry.</summary>
    internal int[] Tokens => _tokens;

    /// <summary>The largest magnitude of every block, for <see cref="Load"/>.</summary>
    /// <param name="x">Activations, [tokens, in], finite, rows contiguous.</param>
    /// <param name="maxima">Receives [blocks, tokens].</param>
    public static void Maxima(ReadOnlyMatrixView x, Span<float> maxima)
    {
        x.RequireDenseRows();
        for (int token = 0; token < x.Rows; token++)
        {
            ReadOnlySpan<float> row = x.Data.Slice(token * x.RowStride, x.Columns);
            for (int block = 0, first = 0; first < row.Length; block++, first += Mxfp4.BlockSize)
                maxima[(block * x.Rows) + token] = Mxfp4.Maximum(row[first..Math.Min(first + Mxfp4.BlockSize, row.Length)]);
        }
    }

    /// <summary>Replaces the content by <c>after(x) - before(x)</c>.</summary>
    /// <param name="x">Activations, [tokens, in], finite, rows contiguous.</param>
    /// <param name="maxima">Their blocks' largest magnitudes, see <see cref="Maxima"/>.</param>
    /// <param name="before">The rounding to go from.</param>
    /// <param name="after">The rounding to go to.</param>
    public void Load(ReadOnlyMatrixView x, ReadOnlySpan<float> maxima, Mxfp4Rounding before, Mxfp4Rounding after)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(x.Columns, Columns);
        ArgumentOutOfRangeException.ThrowIfNotEqual(maxima.Length, x.Rows * Blocks);
        x.RequireDenseRows();
        _count = 0;
        sbyte* old = stackalloc sbyte[Mxfp4.BlockSize], now = stackalloc sbyte[Mxfp4.BlockSize];
        float* padded = stackalloc float[Mxfp4.BlockSize];
        float unclamped = Math.Min(before.Threshold, after.Threshold);
        fixed (float* data = x.Data)
        {
            for (int block = 0; block < Blocks; block++)
            {
                Room(_count + (2 * x.Rows) + Spare);
                for (int token = 0; token < x.Rows; token++)
                {
                    float maximum = maxima[(block * x.Rows) + token];
                    byte oldScale = before.Scale(maximum), scale = after.Scale(maximum);
                    if (oldScale == scale && maximum <= unclamped)
                        continue;
                    float* values = Mxfp4Rounding.Block(data + ((nint)token * x.RowStride), Columns, block, padded);
                    int oldSum = before.Apply(values, maximum, oldScale, old), sum = after.Apply(values, maximum, scale, now);
                    if (Math.Abs(scale - oldScale) <= MostShift)
                    {
                        AddDifference(token, old, oldScale, now, scale);
                    }
                    else
                    {
                        Add(token, oldScale, -1, old, oldSum);
                        Add(token, scale, 1, now, sum);
                    }
                }
                _ends[block] = _count;
            }
        }
    }

    /// <summary>The entries of a block, as a range.</summary>
    internal (int From, int To) RangeOf(int block) => (block == 0 ? 0 : _ends[block - 1], _ends[block]);

    private void AddDifference(int token, sbyte* old, byte oldScale, sbyte* now, byte scale)
    {
        byte smaller = Math.Min(oldScale, scale);
        int sum = 0, any = 0;
        for (int i = 0; i < Mxfp4.BlockSize; i++)
        {
            int difference = (now[i] << (scale - smaller)) - (old[i] << (oldScale - smaller));
            now[i] = (sbyte)difference;
            sum += difference;
            any |= difference;
        }
        if (any != 0)
            Add(token, smaller, 1, now, sum);
    }

    private void Add(int token, byte scale, float sign, sbyte* values, int sum)
    {
        new ReadOnlySpan<sbyte>(values, Mxfp4.BlockSize).CopyTo(_values.AsSpan(_count * Mxfp4.BlockSize));
        _tokens[_count] = token;
        _scales[_count] = E8M0.Decode(scale) * (0.5f * sign);
        _corrections[_count] = Mxfp4Tokens.Correction(sum);
        _count++;
    }

    private void Room(int entries)
    {
        if (_scales.Length >= entries)
            return;
        entries = Math.Max(entries, _scales.Length * 3 / 2);
        Array.Resize(ref _values, entries * Mxfp4.BlockSize);
        Array.Resize(ref _scales, entries);
        Array.Resize(ref _corrections, entries);
        Array.Resize(ref _tokens, entries);
    }
}
