using System.Text;
using QuantBuild.Compiler.Diagnostics;

namespace QuantBuild.Compiler.Manifests.Json;

/// <summary>Turns byte offsets of a UTF-8 text into lines and columns. Lines end at LF; columns count UTF-16 units, as editors do.</summary>
internal readonly ref struct LineMap
{
    private readonly string _file;
    private readonly ReadOnlySpan<byte> _text;
    private readonly List<int> _starts = [0];

    /// <summary>Maps a valid UTF-8 text that has no byte order mark.</summary>
    public LineMap(string file, ReadOnlySpan<byte> text)
    {
        _file = file;
        _text = text;
        for (int i = 0; i < text.Length; i++)
        {
            if (text[i] == (byte)'\n')
                _starts.Add(i + 1);
        }
    }

    /// <summary>Place of a byte; an offset behind the end is the end.</summary>
    public SourceSpan At(long offset)
    {
        int position = (int)Math.Clamp(offset, 0, _text.Length);
        int found = _starts.BinarySearch(position);
        int line = found >= 0 ? found : ~found - 1;
        int column = Encoding.UTF8.GetCharCount(_text[_starts[line]..position]);
        return new SourceSpan(_file, line + 1, column + 1);
    }

    /// <summary>Place given as the base library's JSON errors give it: a line from 0 and a byte within it.</summary>
    public SourceSpan At(long line, long byteInLine) => At(line < _starts.Count ? _starts[(int)line] + byteInLine : _text.Length);
}
