using System.Reflection;
using System.Text;
using System.Text.Json.Nodes;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Store;

namespace QuantBuild.Compiler.Reporting;

/// <summary>The report as one HTML file that needs nothing else: style, scripts, the chart library and the data are in it.</summary>
internal static class ReportPage
{
    private const string Prefix = "report/";

    /// <summary>The page's own scripts in the order in which they build on each other; together they are one module.</summary>
    private static readonly string[] Scripts =
    [
        "format.js", "dom.js", "data.js", "theme.js", "chart.js", "heatmap.js", "table.js", "site.js", "recipe.js", "overview.js", "layers.js",
            "layer.js",
        "errors.js", "clipping.js", "activations.js", "methods.js", "cost.js", "build.js", "diff.js", "main.js",
    ];

    /// <summary>Digest of everything that makes a page beside its data: another tool's page is another page.</summary>
    public static Digest Resources { get; } = Digest.Of(Encoding.UTF8.GetBytes(Assemble(new BuildReport([], []), "")));

    /// <summary>Writes the page.</summary>
    /// <param name="report">Its content.</param>
    /// <param name="key">What the page was made from, for <see cref="ReportFile"/>; it stands in the page's head.</param>
    public static byte[] Render(BuildReport report, string key) => Encoding.UTF8.GetBytes(Assemble(report, key));

    private static string Assemble(BuildReport report, string key)
    {
        string template = Resource("page.html");
        var page = new StringBuilder(template.Length + (1 << 20));
        int position = 0;
        while (template.IndexOf("{{", position, StringComparison.Ordinal) is var open and >= 0)
        {
            int close = template.IndexOf("}}", open, StringComparison.Ordinal);
            page.Append(template, position, open - position).Append(Slot(template[(open + 2)..close], report, key));
            position = close + 2;
        }
        return page.Append(template, position, template.Length - position).ToString();
    }

    private static string Slot(string name, BuildReport report, string key) => name switch
    {
        "key" => key,
        "title" => Escape(report.Name),
        "style" => Resource("page.css"),
        "charts" => Resource("echarts.min.js"),
        "script" => string.Concat(Scripts.Select(Resource)),
        "data" => Json(report.Data),
        "run" => Json(report.Run),
        "evaluation" => Json(report.Evaluation),
        "diff" => Json(report.Diff),
        _ => throw new InvalidOperationException($"page.html has an unknown slot '{name}'"),
    };

    /// <summary>Compact JSON that no HTML parser can take for the end of its script element.</summary>
    private static string Json(JsonObject? value) =>
        Encoding.UTF8.GetString(CanonicalJson.Serialize(value)).Replace("<", "\\u003c", StringComparison.Ordinal);

    private static string Escape(string text) => System.Net.WebUtility.HtmlEncode(PrintableText.Line(text));

    private static string Resource(string name)
    {
        using Stream stream = Assembly.GetExecutingAssembly().GetManifestResourceStream(Prefix + name)
            ?? throw new InvalidOperationException($"the assembly has no resource '{Prefix}{name}'");
        using var reader = new StreamReader(stream, Encoding.UTF8);
        return reader.ReadToEnd();
    }
}
