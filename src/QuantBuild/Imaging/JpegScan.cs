namespace QuantBuild.Imaging;

/// <summary>Reads one scan of a JPEG file into the coefficients of its frame (ITU T.81, annexes F and G).</summary>
internal sealed class JpegScan
{
    private readonly JpegFrame _frame;
    private readonly JpegTables _tables;
    private readonly (JpegComponent Component, int Dc, int Ac)[] _parts;
    private readonly int[] _predictions;
    private readonly int _first;
    private readonly int _last;
    private readonly int _high;
    private readonly int _low;

    // Blocks, this one included, that have no coefficient left in this scan.
    private int _endRun;

    /// <param name="frame">The frame.</param>
    /// <param name="tables">Tables defined so far.</param>
    /// <param name="header">The scan's header.</param>
    /// <exception cref="InvalidDataException">The header does not fit the frame.</exception>
    public JpegScan(JpegFrame frame, JpegTables tables, ReadOnlySpan<byte> header)
    {
        (_frame, _tables) = (frame, tables);
        int count = header.Length < 4 ? 0 : header[0];
        if (count is < 1 or > 3 || header.Length != 4 + (2 * count))
            throw new InvalidDataException("a scan's header is damaged");
        _parts = new (JpegComponent, int, int)[count];
        _predictions = new int[count];
        for (int i = 0; i < count; i++)
        {
            int id = header[1 + (2 * i)], table = header[2 + (2 * i)];
            JpegComponent component = Array.Find(frame.Components, c => c.Id == id) ?? throw new InvalidDataException($"a scan has colour {id}, which the frame has not");
            component.Begin(tables);
            _parts[i] = (component, table >> 4, table & 15);
        }
        (_first, _last, _high, _low) = (header[^3], header[^2], header[^1] >> 4, header[^1] & 15);
        if (!frame.IsProgressive)
            (_first, _last, _high, _low) = (0, 63, 0, 0);
        if (_last > 63 || _first > _last || _low > 13 || (frame.IsProgressive && (_first == 0) != (_last == 0)) || (_first > 0 && count > 1 && frame.IsProgressive))
            throw new InvalidDataException("a scan's header is damaged");
    }

    /// <summary>Reads the scan's data.</summary>
    /// <param name="rest">Starts at the data; at return, at the marker behind it.</param>
    public void Read(ref ReadOnlySpan<byte> rest)
    {
        var bits = new JpegBits(rest);
        JpegComponent alone = _parts[0].Component;
        (int columns, int rows) = _parts.Length == 1 ? (alone.Columns, alone.Rows) : (_frame.UnitColumns, _frame.UnitRows);
        for (int unit = 0; unit < columns * rows; unit++)
        {
            if (_tables.RestartInterval > 0 && unit > 0 && unit % _tables.RestartInterval == 0)
            {
                bits.Restart();
                _endRun = 0;
                Array.Clear(_predictions);
            }
            ReadUnit(ref bits, unit / columns, unit % columns);
        }
        bits.SkipToMarker();
        rest = bits.Rest;
    }

    private void ReadUnit(ref JpegBits bits, int row, int column)
    {
        for (int i = 0; i < _parts.Length; i++)
        {
            JpegComponent component = _parts[i].Component;
            (int across, int down) = _parts.Length == 1 ? (1, 1) : (component.Across, component.Down);
            for (int block = 0; block < across * down; block++)
                ReadBlock(ref bits, i, component.Block((row * down) + (block / across), (column * across) + (block % across)));
        }
    }

    private void ReadBlock(ref JpegBits bits, int part, Span<short> block)
    {
        if (!_frame.IsProgressive)
        {
            ReadFirst(ref bits, part, block);
            ReadRest(ref bits, part, block, 1);
        }
        else if (_first == 0 && _high == 0)
        {
            ReadFirst(ref bits, part, block);
        }
        else if (_first == 0)
        {
            block[0] |= (short)(bits.Read(1) << _low);
        }
        else if (_high == 0)
        {
            ReadRest(ref bits, part, block, _first);
        }
        else
        {
            Refine(ref bits, part, block);
        }
    }

    private void ReadFirst(ref JpegBits bits, int part, Span<short> block)
    {
        int size = _tables.Huffman(isAc: false, _parts[part].Dc).Read(ref bits);
        if (size > 15)
            throw new InvalidDataException("a coefficient has too many bits");
        _predictions[part] += bits.ReadSigned(size);
        block[0] = (short)(_predictions[part] << _low);
    }

    private void ReadRest(ref JpegBits bits, int part, Span<short> block, int from)
    {
        if (_endRun > 0)
        {
            _endRun--;
            return;
        }
        JpegHuffman table = _tables.Huffman(isAc: true, _parts[part].Ac);
        for (int k = from; k <= _last; k++)
        {
            int symbol = table.Read(ref bits);
            (int run, int size) = (symbol >> 4, symbol & 15);
            if (size == 0 && run < 15)
            {
                _endRun = EndRun(ref bits, run) - 1;
                return;
            }
            k += run;
            if (k > _last)
                throw new InvalidDataException("a block has too many coefficients");
            block[JpegTables.Natural[k]] = (short)(bits.ReadSigned(size) << _low);
        }
    }

    /// <summary>A further bit of every coefficient: of those that are not zero yet, and of new ones between them.</summary>
    private void Refine(ref JpegBits bits, int part, Span<short> block)
    {
        int k = _first;
        if (_endRun == 0)
        {
            JpegHuffman table = _tables.Huffman(isAc: true, _parts[part].Ac);
            for (; k <= _last; k++)
            {
                int symbol = table.Read(ref bits);
                (int run, int size) = (symbol >> 4, symbol & 15);
                if (size == 0 && run < 15)
                {
                    _endRun = EndRun(ref bits, run);
                    break;
                }
                int value = size == 0 ? 0 : bits.Read(1) == 1 ? 1 << _low : -(1 << _low);
                k = RefineZeros(ref bits, block, k, run);
                if (value != 0 && k <= _last)
                    block[JpegTables.Natural[k]] = (short)value;
            }
        }
        if (_endRun > 0)
        {
            RefineZeros(ref bits, block, k, int.MaxValue);
            _endRun--;
        }
    }

    /// <summary>Refines coefficients that are not zero until so many zeros are behind; the place of the zero after them.</summary>
    private int RefineZeros(ref JpegBits bits, Span<short> block, int k, int zeros)
    {
        for (; k <= _last; k++)
        {
            ref short value = ref block[JpegTables.Natural[k]];
            if (value == 0)
            {
                if (zeros-- == 0)
                    return k;
            }
            else if (bits.Read(1) == 1 && (Math.Abs((int)value) & (1 << _low)) == 0)
            {
                value += (short)(value > 0 ? 1 << _low : -(1 << _low));
            }
        }
        return k;
    }

    private static int EndRun(ref JpegBits bits, int size) => (1 << size) + bits.Read(size);
}
