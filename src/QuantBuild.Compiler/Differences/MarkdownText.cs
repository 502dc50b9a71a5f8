using System.Text;
using QuantBuild.Compiler.Diagnostics;

namespace QuantBuild.Compiler.Differences;

/// <summary>Names and messages in Markdown that a CI system or a forge shows.</summary>
internal static class MarkdownText
{
    /// <summary>Text in a cell: no markup, no link, no new cell, no new line.</summary>
    public static string Of(string text) => new StringBuilder(PrintableText.Line(text)).Replace("&", "&amp;").Replace("<", "&lt;")
        .Replace("|", "\\|").Replace("`", "\\`")
        .Replace("[", "\\[").Replace("]", "\\]").ToString();
}
