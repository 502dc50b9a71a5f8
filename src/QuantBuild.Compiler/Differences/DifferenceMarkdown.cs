using System.Globalization;
using System.Text;
using QuantBuild.Compiler.Diagnostics;

namespace QuantBuild.Compiler.Differences;

/// <summary>A comparison as Markdown, for the comment of a pull request.</summary>
internal static class DifferenceMarkdown
{
    /// <summary>Rows before the rest is folded away.</summary>
    private const int Open = 15;

    /// <summary>The text, with line feeds only.</summary>
    public static string Render(BuildDifference difference)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"### Quantization: {Code(difference.Before.Name)} → {Code(difference.After.Name)}\n");
        text.Append('\n');
        text.Append("| | before | after | change |\n");
        text.Append("|---|---|---|---|\n");
        text.Append(CultureInfo.InvariantCulture,
            $"| mean layer error | {Number(difference.MeanErrorBefore)} | {Number(difference.MeanErrorAfter)} | "
            + $"{Part(difference.MeanErrorBefore, difference.MeanErrorAfter)} |\n");
        text.Append(CultureInfo.InvariantCulture, $"| size | {Size(difference.BytesBefore)} | {Size(difference.BytesAfter)} | "
            + $"{Part(difference.BytesBefore, difference.BytesAfter)} |\n");
        text.Append('\n');
        text.Append(CultureInfo.InvariantCulture, $"{difference.Layers.Length} of {difference.LayerCount} layers differ.\n");
        if (difference.Layers.IsEmpty)
            return text.ToString();
        text.Append('\n');
        Rows(text, difference.Layers[..Math.Min(Open, difference.Layers.Length)]);
        if (difference.Layers.Length <= Open)
            return text.ToString();
        text.Append('\n');
        text.Append(CultureInfo.InvariantCulture, $"<details><summary>{difference.Layers.Length - Open} more</summary>\n");
        text.Append('\n');
        Rows(text, difference.Layers[Open..]);
        text.Append('\n');
        text.Append("</details>\n");
        return text.ToString();
    }

    private static void Rows(StringBuilder text, IEnumerable<LayerDifference> layers)
    {
        text.Append("| layer | error before | after | change | size before | after | why |\n");
        text.Append("|---|---|---|---|---|---|---|\n");
        foreach (LayerDifference layer in layers)
            text.Append(CultureInfo.InvariantCulture,
                $"| {Escape(layer.Expert)} {Code(layer.Layer)} | {Number(layer.ErrorBefore)} | {Number(layer.ErrorAfter)} | "
                + $"{Part(layer.ErrorBefore, layer.ErrorAfter)} | {Size(layer.BytesBefore)} | {Size(layer.BytesAfter)} | "
                    + $"{Escape(layer.Why)} |\n");
    }

    private static string Number(double? value) => value?.ToString("0.0000", CultureInfo.InvariantCulture) ?? "unknown";

    private static string Size(long? bytes) => bytes is { } known ? ByteText.Of(known) : "unknown";

    private static string Part(double? before, double? after) => before > 0 && after is { } now
        ? ((now / before.Value) - 1).ToString("+0.0 %;−0.0 %;0", CultureInfo.InvariantCulture) : "";

    private static string Code(string name) =>
        "`" + PrintableText.Line(name).Replace("`", "", StringComparison.Ordinal).Replace("|", "\\|", StringComparison.Ordinal) + "`";

    private static string Escape(string text) => MarkdownText.Of(text);
}
