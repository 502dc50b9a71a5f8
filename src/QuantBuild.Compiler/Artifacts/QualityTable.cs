using System.Globalization;
using System.Text;
using QuantBuild.Compiler.Work;

namespace QuantBuild.Compiler.Artifacts;

/// <summary>
/// Measured errors as a Markdown table: means over layers, because an expert's 400 rows would say less, and the worst layer.
/// </summary>
internal static class QualityTable
{
    /// <summary>A row per expert.</summary>
    public static string Markdown(IEnumerable<LayerQuality> layers)
    {
        var text = new StringBuilder(
            "| expert | round to nearest | + smoothing, low rank | + GPTQ | as built | cosine | worst layer as built "
                + "|\n|---|---|---|---|---|---|---|\n");
        foreach (IGrouping<string, LayerQuality> expert in layers.GroupBy(layer => layer.Expert, StringComparer.Ordinal))
        {
            LayerQuality worst = expert.MaxBy(layer => layer.Recipe)!;
            text.Append(CultureInfo.InvariantCulture,
                $"| {expert.Key} | {expert.Average(layer => layer.Rtn):F4} | {expert.Average(layer => layer.SvdQuantRtn):F4} | ");
            text.Append(CultureInfo.InvariantCulture,
                $"{expert.Average(layer => layer.SvdQuantGptq):F4} | {expert.Average(layer => layer.Recipe):F4} | ");
            text.Append(CultureInfo.InvariantCulture,
                $"{expert.Average(layer => layer.Cosine):F4} | `{worst.Layer}` {worst.Recipe:F4} |\n");
        }
        return text.ToString();
    }
}
