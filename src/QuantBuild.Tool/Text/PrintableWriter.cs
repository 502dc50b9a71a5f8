using System.Text;
using QuantBuild.Compiler.Diagnostics;

namespace QuantBuild.Tool.Text;

/// <summary>
/// Standard output or standard error for text that may hold names of strangers. What is written as a line stays one line; what is written
/// otherwise may have several. Nothing in either reaches a terminal as a control sequence or a CI system as a command.
/// </summary>
/// <param name="inner">The stream's writer.</param>
internal sealed class PrintableWriter(TextWriter inner) : TextWriter(inner.FormatProvider)
{
    private bool _beginsLine = true;

    /// <inheritdoc/>
    public override Encoding Encoding => inner.Encoding;

    /// <inheritdoc/>
    public override void Write(char value) => Write(value.ToString());

    /// <inheritdoc/>
    public override void Write(char[] buffer, int index, int count) => Write(new string(buffer, index, count));

    /// <inheritdoc/>
    public override void Write(ReadOnlySpan<char> buffer) => Write(buffer.ToString());

    /// <inheritdoc/>
    public override void Write(string? value)
    {
        if (string.IsNullOrEmpty(value))
            return;
        inner.Write(PrintableText.Lines(value, _beginsLine));
        _beginsLine = value[^1] == '\n';
    }

    /// <inheritdoc/>
    public override void WriteLine() => WriteLine("");

    /// <inheritdoc/>
    public override void WriteLine(ReadOnlySpan<char> buffer) => WriteLine(buffer.ToString());

    /// <summary>One call of the stream's writer per line: lines of several threads never mix.</summary>
    public override void WriteLine(string? value)
    {
        inner.WriteLine(PrintableText.Line(value ?? ""));
        _beginsLine = true;
    }

    /// <inheritdoc/>
    public override void Flush() => inner.Flush();
}
