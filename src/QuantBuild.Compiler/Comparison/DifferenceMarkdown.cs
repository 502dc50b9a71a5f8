using System.Globalization;
using System.Text;

namespace QuantBuild.Compiler.Comparison;

/// <summary>A comparison as Markdown, for the comment of a pull request.</summary>
public static class DifferenceMarkdown
{
    /// <summary>Rows before the rest is folded away.</summary>
    private const int Open = 15;

    /// <summary>The text, with line feeds only.</summary>
    public static string Render(BuildDifference difference)
    {
        var text = new StringBuilder();
        Line(text, $"### Quantization: {Code(difference.Before.Name)} → {Code(difference.After.Name)}");
        Line(text, $"");
        Line(text, $"| | before | after | change |");
        Line(text, $"|---|---|---|---|");
        Line(text, $"| mean layer error | {Number(difference.MeanErrorBefore)} | {Number(difference.MeanErrorAfter)} | {Part(difference.MeanErrorBefore, difference.MeanErrorAfter)} |");
        Line(text, $"| size | {Size(difference.BytesBefore)} | {Size(difference.BytesAfter)} | {Part(difference.BytesBefore, difference.BytesAfter)} |");
        Line(text, $"");
        Line(text, $"{difference.Layers.Length} of {difference.LayerCount} layers differ.");
        if (difference.Layers.IsEmpty)
            return text.ToString();
        Line(text, $"");
        Rows(text, difference.Layers[..Math.Min(Open, difference.Layers.Length)]);
        if (difference.Layers.Length <= Open)
            return text.ToString();
        Line(text, $"");
        Line(text, $"<details><summary>{difference.Layers.Length - Open} more</summary>");
        Line(text, $"");
        Rows(text, difference.Layers[Open..]);
        Line(text, $"");
        Line(text, $"</details>");
        return text.ToString();
    }

    private static void Rows(StringBuilder text, IEnumerable<LayerDifference> layers)
    {
        Line(text, $"| layer | error before | after | change | KiB before | after | why |");
        Line(text, $"|---|---|---|---|---|---|---|");
        foreach (LayerDifference layer in layers)
            Line(text, $"| {layer.Expert} {Code(layer.Layer)} | {Number(layer.ErrorBefore)} | {Number(layer.ErrorAfter)} | {Part(layer.ErrorBefore, layer.ErrorAfter)} | {Kibibytes(layer.BytesBefore)} | {Kibibytes(layer.BytesAfter)} | {Escape(layer.Why)} |");
    }

    private static void Line(StringBuilder text, FormattableString line) => text.Append(line.ToString(CultureInfo.InvariantCulture)).Append('\n');

    private static string Number(double? value) => value?.ToString("0.0000", CultureInfo.InvariantCulture) ?? "unknown";

    private static string Size(long? bytes) => bytes is { } known ? string.Create(CultureInfo.InvariantCulture, $"{known / (double)(1 << 20):0.00} MiB") : "unknown";

    private static string Kibibytes(long? bytes) => bytes is { } known ? (known / 1024.0).ToString("0.0", CultureInfo.InvariantCulture) : "unknown";

    private static string Part(double? before, double? after) => before > 0 && after is { } now
        ? ((now / before.Value) - 1).ToString("+0.0 %;−0.0 %;0", CultureInfo.InvariantCulture) : "";

    private static string Code(string name) => "`" + name.Replace("`", "", StringComparison.Ordinal) + "`";

    private static string Escape(string text) => text.Replace("|", "\\|", StringComparison.Ordinal);
}
