using Spectre.Console;
using Spectre.Console.Rendering;

namespace QuantBuild.Tool.Logging;

/// <summary>
/// The lines at the end of a terminal that are drawn again and again. A line never reaches the last column, so that none wraps by itself;
/// when the terminal has become narrower since, lines that it has wrapped are counted. The cursor stays visible below: there is nothing to
/// restore if the process dies.
/// </summary>
/// <param name="terminal">Where to draw.</param>
internal sealed class LiveRegion(IAnsiConsole terminal)
{
    /// <summary>Wide enough that layout never depends on the terminal: lines are cut instead.</summary>
    private const int Unlimited = 1000;

    private const string EraseToEndOfLine = "\e[K";
    private const string EraseBelow = "\e[J";

    private IReadOnlyList<int> _drawn = [];
    private int _width;

    /// <summary>Replaces what was drawn.</summary>
    /// <param name="content">What to draw; lines that do not fit are left out, the last ones first.</param>
    public void Draw(IRenderable content)
    {
        int width = Math.Max(2, terminal.Profile.Width), height = Math.Max(2, terminal.Profile.Height);
        List<SegmentLine> lines = [.. Segment.SplitLines(content.Render(RenderOptions.Create(terminal), Unlimited)).Take(height - 1)];
        int rows = _drawn.Sum(cells => Math.Max(1, (cells + width - 1) / width));
        var segments = new List<Segment> { Segment.Control("\r") };
        if (rows > 0)
            segments.Add(Segment.Control(FormattableString.Invariant($"\e[{Math.Min(rows, height - 1)}A")));
        // A terminal remembers where it wrapped a line, and would join what is written there now, unless all of it is erased first.
        if (width != _width)
            segments.Add(Segment.Control(EraseBelow));
        var drawn = new List<int>();
        foreach (SegmentLine line in lines)
        {
            List<Segment> cut = Segment.Truncate(Trimmed(line), width - 1);
            drawn.Add(Segment.CellCount(cut));
            segments.AddRange([.. cut, Segment.Control(EraseToEndOfLine), Segment.LineBreak]);
        }
        segments.Add(Segment.Control(EraseBelow));
        terminal.Write(new Drawing(segments));
        (_drawn, _width) = (drawn, width);
    }

    /// <summary>Without the blanks at the end, which a narrower terminal would wrap to empty lines.</summary>
    private static IEnumerable<Segment> Trimmed(SegmentLine line)
    {
        int end = line.Count;
        while (end > 0 && string.IsNullOrWhiteSpace(line[end - 1].Text))
            end--;
        return line.Take(end);
    }

    private sealed class Drawing(IReadOnlyList<Segment> segments) : Renderable
    {
        protected override IEnumerable<Segment> Render(RenderOptions options, int maxWidth) => segments;
    }
}
