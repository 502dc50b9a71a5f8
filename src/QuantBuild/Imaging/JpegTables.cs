using System.Buffers.Binary;

namespace QuantBuild.Imaging;

/// <summary>The tables a JPEG file has defined so far; later ones replace earlier ones.</summary>
internal sealed class JpegTables
{
    // Natural order of the coefficients that files store in zigzag order.
    internal static ReadOnlySpan<byte> Natural =>
    [
        0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21, 28,
        35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
    ];

    private readonly JpegHuffman?[] _huffman = new JpegHuffman?[8];
    private readonly float[]?[] _quantization = new float[]?[4];

    /// <summary>Units between restart marks; 0 for none.</summary>
    public int RestartInterval { get; set; }

    /// <summary>A Huffman table.</summary>
    /// <param name="isAc">Whether it is for the coefficients after the first.</param>
    /// <param name="index">Its number, 0 to 3.</param>
    public JpegHuffman Huffman(bool isAc, int index) =>
        _huffman[(index & 3) + (isAc ? 4 : 0)] ?? throw new InvalidDataException($"Huffman table {index} is not defined");

    /// <summary>A quantization table in natural order.</summary>
    public float[] Quantization(int index) => _quantization[index & 3] ?? throw new InvalidDataException($"quantization table {index} is not defined");

    public void ReadHuffman(ReadOnlySpan<byte> segment)
    {
        while (!segment.IsEmpty)
        {
            (int kind, int index) = (segment[0] >> 4, segment[0] & 15);
            if (kind > 1 || index > 3 || segment.Length < 17)
                throw new InvalidDataException("a Huffman table is damaged");
            int count = 0;
            foreach (byte codes in segment[1..17])
                count += codes;
            if (count > 256 || segment.Length < 17 + count)
                throw new InvalidDataException("a Huffman table is damaged");
            _huffman[index + (4 * kind)] = new JpegHuffman(segment[1..17], segment.Slice(17, count));
            segment = segment[(17 + count)..];
        }
    }

    public void ReadQuantization(ReadOnlySpan<byte> segment)
    {
        while (!segment.IsEmpty)
        {
            (int precision, int index) = (segment[0] >> 4, segment[0] & 15);
            int bytes = 64 * (precision + 1);
            if (precision > 1 || index > 3 || segment.Length < 1 + bytes)
                throw new InvalidDataException("a quantization table is damaged");
            var table = new float[64];
            for (int i = 0; i < 64; i++)
                table[Natural[i]] = precision == 0 ? segment[1 + i] : BinaryPrimitives.ReadUInt16BigEndian(segment[(1 + (2 * i))..]);
            _quantization[index] = table;
            segment = segment[(1 + bytes)..];
        }
    }
}
