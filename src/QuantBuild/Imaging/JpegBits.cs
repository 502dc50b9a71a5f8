namespace QuantBuild.Imaging;

/// <summary>The bits of a JPEG scan, up to the next marker; behind the last there are zeros, as other decoders have it.</summary>
internal ref struct JpegBits(ReadOnlySpan<byte> data)
{
    private ReadOnlySpan<byte> _rest = data;
    private int _buffer;
    private int _count;

    /// <summary>What has not been read; starts at a marker once the scan is done.</summary>
    public readonly ReadOnlySpan<byte> Rest => _rest;

    /// <summary>Reads an unsigned number of up to sixteen bits.</summary>
    public int Read(int bits)
    {
        for (; _count < bits; _count += 8)
            _buffer = (_buffer << 8) | NextByte();
        _count -= bits;
        int value = (_buffer >> _count) & ((1 << bits) - 1);
        _buffer &= (1 << _count) - 1;
        return value;
    }

    /// <summary>Reads a number whose first bit tells its sign (ITU T.81, F.2.2.1).</summary>
    public int ReadSigned(int bits)
    {
        if (bits == 0)
            return 0;
        int value = Read(bits);
        return value < 1 << (bits - 1) ? value - (1 << bits) + 1 : value;
    }

    /// <summary>Goes to the next marker, dropping what is in front of it.</summary>
    public void SkipToMarker()
    {
        (_buffer, _count) = (0, 0);
        while (_rest.Length >= 2 && (_rest[0] != 0xFF || _rest[1] is 0x00 or 0xFF))
            _rest = _rest[1..];
    }

    /// <summary>Goes behind the next marker if it is a restart mark.</summary>
    /// <exception cref="InvalidDataException">It is another marker.</exception>
    public void Restart()
    {
        SkipToMarker();
        if (_rest.Length < 2 || _rest[1] is < 0xD0 or > 0xD7)
            throw new InvalidDataException("a restart mark is missing");
        _rest = _rest[2..];
    }

    private int NextByte()
    {
        if (_rest.IsEmpty)
            return 0;
        byte value = _rest[0];
        if (value != 0xFF)
        {
            _rest = _rest[1..];
            return value;
        }
        if (_rest.Length < 2 || _rest[1] != 0)
            return 0;
        _rest = _rest[2..];
        return value;
    }
}
