using QuantBuild.Matrices;

namespace QuantBuild.Formats;

/// <summary>MXFP4: E2M1 codes that share one E8M0 scale per 32 neighbours of a row.</summary>
/// <remarks>
/// A matrix [rows, columns] is stored as codes [rows, <see cref="CodeBytes"/>(columns)], two per byte with the even column in the low
/// nibble, and scales [rows, <see cref="Blocks"/>(columns)]. A last block of fewer than 32 columns is padded with zeros. Scales are
/// powers of two, so dividing by one is an exact multiplication.
/// </remarks>
internal static partial class Mxfp4
{
    /// <summary>Elements that share one scale.</summary>
    public const int BlockSize = 32;

    private const int BlockBytes = BlockSize / 2;

    /// <summary>Scales of a row.</summary>
    public static int Blocks(int columns) => (columns + BlockSize - 1) / BlockSize;

    /// <summary>Bytes of a row's codes, padding included.</summary>
    public static int CodeBytes(int columns) => Blocks(columns) * BlockBytes;

    /// <summary>The 4-bit code of one value under a given scale.</summary>
    public static byte Encode(float value, byte scale, TieRule ties) => E2M1.Encode(value * E8M0.Inverse(scale), ties);

    /// <summary>The value of a 4-bit code under a given scale.</summary>
    public static float Decode(int code, byte scale) => E2M1.Decode(code) * E8M0.Decode(scale);

    /// <summary>Quantizes a matrix block by block.</summary>
    /// <param name="w">[rows, columns].</param>
    /// <param name="rule">How scales follow from a block's largest magnitude.</param>
    /// <param name="ties">Where exact midpoints go.</param>
    /// <param name="codes">Receives [rows, <see cref="CodeBytes"/>(columns)].</param>
    /// <param name="scales">Receives [rows, <see cref="Blocks"/>(columns)].</param>
    /// <param name="ratio">Multiplies the largest magnitude, in float32, before the scale is chosen.</param>
    /// <exception cref="ArgumentException">A span has another length.</exception>
    public static void Quantize(ReadOnlyMatrixView w, ScaleRule rule, TieRule ties, Span<byte> codes, Span<byte> scales, float ratio = 1)
    {
        BlockScales(w, rule, scales, ratio);
        ThrowIfNot(codes.Length, (long)w.Rows * CodeBytes(w.Columns), nameof(codes));
        int blocks = Blocks(w.Columns);
        float[] gathered = w.ColumnStride == 1 ? [] : new float[w.Columns];
        for (int row = 0; row < w.Rows; row++)
            EncodeRow(Row(w, row, gathered), scales.Slice(row * blocks, blocks), ties,
                codes.Slice(row * blocks * BlockBytes, blocks * BlockBytes));
    }

    /// <summary>The scales <see cref="Quantize"/> would use.</summary>
    /// <inheritdoc cref="Quantize"/>
    public static void BlockScales(ReadOnlyMatrixView w, ScaleRule rule, Span<byte> scales, float ratio = 1)
    {
        int blocks = Blocks(w.Columns);
        ThrowIfNot(scales.Length, (long)w.Rows * blocks, nameof(scales));
        float[] gathered = w.ColumnStride == 1 ? [] : new float[w.Columns];
        for (int row = 0; row < w.Rows; row++)
        {
            ReadOnlySpan<float> values = Row(w, row, gathered);
            for (int block = 0; block < blocks; block++)
            {
                ReadOnlySpan<float> part = values[(block * BlockSize)..Math.Min((block + 1) * BlockSize, values.Length)];
                scales[(row * blocks) + block] = E8M0.ForMaximum(Maximum(part) * ratio, rule);
            }
        }
    }

    /// <summary>Encodes a row whose scales are given.</summary>
    /// <param name="row">[columns].</param>
    /// <param name="scales">[<see cref="Blocks"/>(columns)].</param>
    /// <param name="ties">Where exact midpoints go.</param>
    /// <param name="codes">Receives [<see cref="CodeBytes"/>(columns)], padding included.</param>
    /// <exception cref="ArgumentException">A span has another length.</exception>
    public static void EncodeRow(ReadOnlySpan<float> row, ReadOnlySpan<byte> scales, TieRule ties, Span<byte> codes)
    {
        int blocks = Blocks(row.Length);
        ThrowIfNot(scales.Length, blocks, nameof(scales));
        ThrowIfNot(codes.Length, (long)blocks * BlockBytes, nameof(codes));
        Span<float> padded = stackalloc float[BlockSize];
        for (int block = 0; block < blocks; block++)
        {
            scoped ReadOnlySpan<float> values = row[(block * BlockSize)..];
            if (values.Length < BlockSize)
            {
                padded.Clear();
                values.CopyTo(padded);
                values = padded;
            }
            EncodeBlock(values[..BlockSize], E8M0.Inverse(scales[block]), ties, codes.Slice(block * BlockBytes, BlockBytes));
        }
    }

    /// <summary>Decodes a matrix.</summary>
    /// <param name="codes">[rows, <see cref="CodeBytes"/>(columns)].</param>
    /// <param name="scales">[rows, <see cref="Blocks"/>(columns)].</param>
    /// <param name="destination">Receives [rows, columns].</param>
    /// <exception cref="ArgumentException">A span has another length.</exception>
    public static void Dequantize(ReadOnlySpan<byte> codes, ReadOnlySpan<byte> scales, MatrixView destination)
    {
        int blocks = Blocks(destination.Columns);
        ThrowIfNot(scales.Length, (long)destination.Rows * blocks, nameof(scales));
        ThrowIfNot(codes.Length, (long)destination.Rows * blocks * BlockBytes, nameof(codes));
        Span<float> decoded = stackalloc float[BlockSize];
        for (int row = 0; row < destination.Rows; row++)
        {
            for (int block = 0; block < blocks; block++)
            {
                int column = block * BlockSize;
                int count = Math.Min(BlockSize, destination.Columns - column);
                bool direct = destination.ColumnStride == 1 && count == BlockSize;
                Span<float> target = direct ? destination.Data.Slice((row * destination.RowStride) + column, BlockSize) : decoded;
                DecodeBlock(codes.Slice(((row * blocks) + block) * BlockBytes, BlockBytes), scales[(row * blocks) + block], target);
                for (int i = 0; !direct && i < count; i++)
                    destination[row, column + i] = decoded[i];
            }
        }
    }

    /// <summary>A row as a span: the matrix's own memory, or copied to <paramref name="gathered"/> when its elements are apart.</summary>
    private static ReadOnlySpan<float> Row(ReadOnlyMatrixView matrix, int row, float[] gathered)
    {
        if (matrix.ColumnStride == 1)
            return matrix.Columns == 0 ? [] : matrix.Data.Slice(row * matrix.RowStride, matrix.Columns);
        for (int column = 0; column < gathered.Length; column++)
            gathered[column] = matrix[row, column];
        return gathered;
    }

    private static void ThrowIfNot(int length, long expected, string name)
    {
        if (length != expected)
            throw new ArgumentException($"{length} elements where {expected} belong", name);
    }
}
