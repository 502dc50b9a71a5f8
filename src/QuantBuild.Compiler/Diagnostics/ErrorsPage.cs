using System.Globalization;
using System.Text;

namespace QuantBuild.Compiler.Diagnostics;

/// <summary>Writes <c>docs/errors.md</c>, the page of all codes, from the table.</summary>
internal static class ErrorsPage
{
    /// <summary>The page as Markdown, with line feeds only.</summary>
    public static string Render()
    {
        var page = new StringBuilder();
        page.Append("# Errors and warnings\n\n");
        page.Append("Generated from the table in `src/QuantBuild.Compiler/Diagnostics`; `QUANTBUILD_UPDATE_DOCS=1 dotnet test` writes "
            + "it anew.\n\n");
        page.Append("Messages have the form `file(line,column): error QB1010: text`, which MSBuild and editors understand. ");
        page.Append("`{0}` and so on stand for names and numbers of the case at hand.\n");
        foreach (IGrouping<char, DiagnosticDescriptor> bucket in Descriptors.All.GroupBy(descriptor => descriptor.Code[2]))
        {
            page.Append(CultureInfo.InvariantCulture, $"\n## QB{bucket.Key}: {TitleOf(bucket.Key)}\n");
            foreach (DiagnosticDescriptor descriptor in bucket)
            {
                string severity = descriptor.Severity == Severity.Error ? "error" : "warning";
                page.Append(CultureInfo.InvariantCulture, $"\n### {descriptor.Code} ({severity})\n\n");
                page.Append(CultureInfo.InvariantCulture, $"`{descriptor.Format}`\n\n");
                page.Append(CultureInfo.InvariantCulture, $"* Cause: {descriptor.Cause}\n* Cure: {descriptor.Cure}\n");
            }
        }
        return page.ToString();
    }

    private static string TitleOf(char bucket) => bucket switch
    {
        '0' => "configuration",
        '1' => "manifest",
        '2' => "source and checkpoint",
        '3' => "calibration and quantization",
        '4' => "store, artifact and lock",
        '5' => "hub",
        '9' => "internal",
        _ => throw new ArgumentOutOfRangeException(nameof(bucket)),
    };
}
