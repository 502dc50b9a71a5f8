namespace QuantBuild.Imaging;

/// <summary>A Huffman code of up to sixteen bits, in the canonical order of ITU T.81, annex C.</summary>
internal sealed class JpegHuffman
{
    private readonly byte[] _values;

    // Per length: the first code, and the place of its value; codes of a length are consecutive.
    private readonly int[] _firstCode = new int[17];
    private readonly int[] _firstValue = new int[17];
    private readonly int[] _count = new int[17];

    /// <param name="counts">Number of codes of length 1 to 16.</param>
    /// <param name="values">Their values, shortest codes first.</param>
    /// <exception cref="InvalidDataException">There are more codes than their lengths leave room for.</exception>
    public JpegHuffman(ReadOnlySpan<byte> counts, ReadOnlySpan<byte> values)
    {
        _values = values.ToArray();
        (int code, int value) = (0, 0);
        for (int length = 1; length <= 16; length++, code <<= 1)
        {
            (_firstCode[length], _firstValue[length], _count[length]) = (code, value, counts[length - 1]);
            code += counts[length - 1];
            value += counts[length - 1];
            if (code > 1 << length)
                throw new InvalidDataException("a Huffman table has too many codes");
        }
    }

    /// <summary>Reads a value.</summary>
    /// <exception cref="InvalidDataException">The bits are no code.</exception>
    public int Read(ref JpegBits bits)
    {
        int code = 0;
        for (int length = 1; length <= 16; length++)
        {
            code = (code << 1) | bits.Read(1);
            int offset = code - _firstCode[length];
            if (offset < _count[length])
                return _values[_firstValue[length] + offset];
        }
        throw new InvalidDataException("the picture's data has bits that are no code");
    }
}
