using System.Text;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Manifests.Json;

namespace QuantBuild.Compiler.Manifests.Editing;

/// <summary>
/// Changes values in a manifest's text and leaves every other byte as it is: comments, blank lines, order, line ends and a byte order mark.
/// Changes are made on the text as it was read, all at once, by <see cref="ToText"/>.
/// </summary>
internal sealed class ManifestEditor
{
    private static readonly byte[] Mark = [0xEF, 0xBB, 0xBF];

    private readonly byte[] _text;
    private readonly int _mark;
    private readonly ManifestObject _root;
    private readonly string _newLine;
    private readonly string _indent;
    private readonly SortedDictionary<int, (int End, string Text)> _edits = [];

    /// <summary>Opens a text that was read without errors.</summary>
    /// <param name="file">Its absolute path, as spans name it.</param>
    /// <param name="utf8">Its bytes.</param>
    /// <exception cref="ArgumentException">It is no JSON object.</exception>
    public ManifestEditor(string file, byte[] utf8)
    {
        _root = JsonTree.Parse(file, utf8, new List<Diagnostic>()) as ManifestObject
            ?? throw new ArgumentException("not a JSON object", nameof(utf8));
        _mark = utf8.AsSpan().StartsWith(Mark) ? Mark.Length : 0;
        _text = utf8[_mark..];
        _newLine = _text.AsSpan().IndexOf("\r\n"u8) >= 0 ? "\r\n" : "\n";
        string first = _root.Members is [var member, ..] ? IndentAt(member.Value.Extent.Start.Value) : "";
        _indent = first.Length > 0 ? first : "  ";
    }

    /// <summary>Puts another text in the place of the value that stands at a place.</summary>
    /// <exception cref="ArgumentException">No value begins there.</exception>
    public void Replace(SourceSpan place, string json)
    {
        Range extent = Find(_root, place)?.Extent ?? throw new ArgumentException("no value begins there", nameof(place));
        _edits[extent.Start.Value] = (extent.End.Value, json);
    }

    /// <summary>
    /// Adds items to a list of the root, each on a line of its own; a list that is not there is made at the end of the manifest.
    /// </summary>
    /// <param name="key">The list's key.</param>
    /// <param name="items">Items as JSON.</param>
    /// <param name="comment">A line of comment before them; null for none.</param>
    public void Append(string key, IReadOnlyList<string> items, string? comment = null)
    {
        if (comment is not null)
            items = [$"// {comment}{_newLine}{_indent}{_indent}{items[0]}", .. items.Skip(1)];
        if (Member(key) is ManifestArray list)
            Add(list, list.Items, items);
        else
            Add(_root, [.. _root.Members.Select(member => member.Value)],
                [$"\"{key}\": [{_newLine}{string.Join("," + _newLine, items.Select(item => _indent + _indent + item))}{_newLine}{_indent}]"]);
    }

    /// <summary>Adds members to an object of the root; an object that is not there is made at the end of the manifest.</summary>
    /// <param name="key">The object's key.</param>
    /// <param name="members">Members as JSON; their names are not there yet.</param>
    public void Extend(string key, IReadOnlyList<string> members)
    {
        if (Member(key) is ManifestObject section)
            Add(section, [.. section.Members.Select(member => member.Value)], members);
        else
            Add(_root, [.. _root.Members.Select(member => member.Value)], [$"\"{key}\": {{ {string.Join(", ", members)} }}"]);
    }

    /// <summary>The changed text.</summary>
    public byte[] ToText()
    {
        using var result = new MemoryStream();
        result.Write(Mark.AsSpan(0, _mark));
        int done = 0;
        foreach ((int start, (int end, string text)) in _edits)
        {
            result.Write(_text.AsSpan(done..start));
            result.Write(Encoding.UTF8.GetBytes(text));
            done = end;
        }
        result.Write(_text.AsSpan(done));
        return result.ToArray();
    }

    private ManifestNode? Member(string key) => _root.Members.FirstOrDefault(member => member.Name == key)?.Value;

    /// <summary>Adds parts behind those of a list or object, before the line of the closing bracket.</summary>
    private void Add(ManifestNode container, IReadOnlyList<ManifestNode> parts, IReadOnlyList<string> added)
    {
        int close = container.Extent.End.Value - 1;
        bool comma = false;
        if (parts.Count > 0)
        {
            int end = parts[^1].Extent.End.Value;
            comma = HasComma(end, close);
            if (!comma)
                Insert(end, ",");
        }
        int line = LineStart(close);
        bool bracketAlone = _text.AsSpan(line..close).IndexOfAnyExcept((byte)' ', (byte)'\t') < 0;
        string outer = IndentAt(bracketAlone ? close : container.Extent.Start.Value);
        string lines = string.Join("," + _newLine, added.Select(part => outer + _indent + part)) + (comma ? "," : "") + _newLine;
        if (bracketAlone)
            Insert(line, lines);
        else
            Insert(close - TrailingSpace(close), _newLine + lines + outer, close);
    }

    /// <summary>How many bytes before an offset are white space.</summary>
    private int TrailingSpace(int offset) => offset - 1 - _text.AsSpan(0, offset).LastIndexOfAnyExcept(" \t\r\n"u8);

    private int LineStart(int offset) => _text.AsSpan(0, offset).LastIndexOf((byte)'\n') + 1;

    /// <summary>White space that the line of an offset begins with.</summary>
    private string IndentAt(int offset)
    {
        ReadOnlySpan<byte> line = _text.AsSpan(LineStart(offset));
        return Encoding.UTF8.GetString(line[..Math.Max(0, line.IndexOfAnyExcept((byte)' ', (byte)'\t'))]);
    }

    /// <summary>Whether a comma stands between a value and the closing bracket, comments aside.</summary>
    private bool HasComma(int from, int close)
    {
        for (int i = from; i < close; i++)
        {
            if (_text[i] == (byte)',')
                return true;
            if (_text[i] != (byte)'/')
                continue;
            bool toLineEnd = _text[i + 1] == (byte)'/';
            int length = toLineEnd ? _text.AsSpan(i + 2).IndexOf((byte)'\n') : _text.AsSpan(i + 2).IndexOf("*/"u8) + 1;
            i += 2 + length;
        }
        return false;
    }

    /// <summary>Puts text before an offset, behind what was put there already, and leaves out what follows up to another.</summary>
    private void Insert(int at, string text, int until = 0)
    {
        (int end, string before) = _edits.GetValueOrDefault(at, (at, ""));
        _edits[at] = (Math.Max(end, until), before + text);
    }

    private static ManifestNode? Find(ManifestNode node, SourceSpan place) => node.Span == place ? node : node switch
    {
        ManifestObject section => section.Members.Select(member => Find(member.Value, place)).FirstOrDefault(found => found is not null),
        ManifestArray list => list.Items.Select(item => Find(item, place)).FirstOrDefault(found => found is not null),
        _ => null,
    };
}
