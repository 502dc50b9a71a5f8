using System.Numerics;
using QuantBuild.Compiler.Diagnostics;

namespace QuantBuild.Compiler.Manifests.Json;

/// <summary>
/// Turns byte offsets of a UTF-8 text into lines and columns. Lines end at LF; columns count UTF-16 units, as editors do.
/// </summary>
/// <remarks>
/// Units are counted once, up to every mark; a place costs at most the bytes between two marks, however long its line is.
/// </remarks>
internal readonly ref struct LineMap
{
    private const int MarkBits = 6;

    private readonly string _file;
    private readonly ReadOnlySpan<byte> _text;
    private readonly List<int> _starts = [0];
    private readonly List<int> _unitsBeforeStarts = [0];

    /// <summary>UTF-16 units before every multiple of 2^<see cref="MarkBits"/> bytes.</summary>
    private readonly int[] _marks;

    /// <summary>Maps a valid UTF-8 text that has no byte order mark.</summary>
    public LineMap(string file, ReadOnlySpan<byte> text)
    {
        _file = file;
        _text = text;
        _marks = new int[(text.Length >> MarkBits) + 1];
        for (int mark = 1; mark < _marks.Length; mark++)
            _marks[mark] = _marks[mark - 1] + Units(text.Slice((mark - 1) << MarkBits, 1 << MarkBits));
        for (int start = 0, next; (next = text[start..].IndexOf((byte)'\n')) >= 0;)
        {
            start += next + 1;
            _starts.Add(start);
            _unitsBeforeStarts.Add(UnitsBefore(start));
        }
    }

    /// <summary>Place of a byte; an offset behind the end is the end.</summary>
    public SourceSpan At(long offset)
    {
        int position = (int)Math.Clamp(offset, 0, _text.Length);
        int found = _starts.BinarySearch(position);
        int line = found >= 0 ? found : ~found - 1;
        return new SourceSpan(_file, line + 1, UnitsBefore(position) - _unitsBeforeStarts[line] + 1);
    }

    /// <summary>Place given as the base library's JSON errors give it: a line from 0 and a byte within it.</summary>
    public SourceSpan At(long line, long byteInLine) => At(line < _starts.Count ? _starts[(int)line] + byteInLine : _text.Length);

    private int UnitsBefore(int position)
    {
        int mark = position >> MarkBits;
        return _marks[mark] + Units(_text[(mark << MarkBits)..position]);
    }

    /// <summary>UTF-16 units of the characters that begin in the text: two for those of four bytes, one for all others.</summary>
    private static int Units(ReadOnlySpan<byte> text)
    {
        int units = 0;
        var (continuation, four) = (new Vector<sbyte>(-64), new Vector<byte>(0xF0));
        while (text.Length >= Vector<byte>.Count)
        {
            var bytes = new Vector<byte>(text);
            // As signed numbers the bytes inside a character, 80 to BF, are those below -64.
            Vector<byte> begins = Vector.GreaterThanOrEqual(Vector.AsVectorSByte(bytes), continuation).As<sbyte, byte>();
            Vector<byte> doubles = Vector.GreaterThanOrEqual(bytes, four);
            units += Count(begins) + Count(doubles);
            text = text[Vector<byte>.Count..];
        }
        foreach (byte b in text)
            units += ((b & 0xC0) != 0x80 ? 1 : 0) + (b >= 0xF0 ? 1 : 0);
        return units;
    }

    private static int Count(Vector<byte> mask) => Vector.Sum(mask & Vector<byte>.One);
}
