using System.Globalization;
using System.Text;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Store;

namespace QuantBuild.Compiler.Ci;

/// <summary>GitHub Actions: commands are lines that begin with <c>::</c>, or files that variables name.</summary>
/// <param name="read">Looks an environment variable up; null when it is not set.</param>
/// <param name="output">Standard output of the step.</param>
internal sealed class GitHubActions(Func<string, string?> read, TextWriter output) : ICiSystem
{
    /// <summary>GitHub drops a step's summary that is larger.</summary>
    private const int LargestSummary = (1 << 20) - 1024;

    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false);

    private string? _stop;

    /// <inheritdoc/>
    public string Name => "GitHub Actions";

    /// <inheritdoc/>
    public void BeginLog(string title)
    {
        output.WriteLine($"::group::{Data(title)}");
        _stop = Guid.NewGuid().ToString("N");
        output.WriteLine($"::stop-commands::{_stop}");
        output.Flush();
    }

    /// <inheritdoc/>
    public void EndLog()
    {
        output.WriteLine($"::{_stop}::");
        output.WriteLine("::endgroup::");
        output.Flush();
    }

    /// <inheritdoc/>
    public void Annotate(Diagnostic diagnostic)
    {
        var properties = new StringBuilder();
        if (diagnostic.Span is { } span)
        {
            properties.Append(CultureInfo.InvariantCulture, $"file={Property(InWorkspace(span.File))},");
            if (span.Line > 0)
                properties.Append(CultureInfo.InvariantCulture, $"line={span.Line},col={span.Column},");
        }
        string kind = diagnostic.Descriptor.Severity == Severity.Error ? "error" : "warning";
        output.WriteLine($"::{kind} {properties}title={Property(diagnostic.Descriptor.Code)}::{Data(diagnostic.Message)}");
    }

    /// <inheritdoc/>
    public void SetOutput(string name, string value)
    {
        string end;
        do
            end = "end-" + Guid.NewGuid().ToString("N");
        while (value.Contains(end, StringComparison.Ordinal));
        Append("GITHUB_OUTPUT", $"{name}<<{end}\n{value}\n{end}\n");
    }

    /// <inheritdoc/>
    public void AddSummary(string markdown)
    {
        if (Utf8.GetByteCount(markdown) > LargestSummary)
            markdown = markdown[..(LargestSummary / 4)] + "\n\n(The rest does not fit.)\n";
        Append("GITHUB_STEP_SUMMARY", markdown + "\n");
    }

    /// <inheritdoc/>
    public bool Upload(string artifact, string folder, IEnumerable<string> files) => false;

    private void Append(string variable, string text)
    {
        if (read(variable) is { Length: > 0 } file)
            OutputFile.Append(file, text);
    }

    /// <summary>Annotations are placed by paths from the checkout's root.</summary>
    private string InWorkspace(string file)
    {
        if (read("GITHUB_WORKSPACE") is not { Length: > 0 } workspace)
            return file;
        string relative = Path.GetRelativePath(workspace, file);
        return relative.StartsWith("..", StringComparison.Ordinal) || Path.IsPathRooted(relative) ? file : relative.Replace('\\', '/');
    }

    private static string Data(string text) => text.Replace("%", "%25", StringComparison.Ordinal)
        .Replace("\r", "%0D", StringComparison.Ordinal).Replace("\n", "%0A", StringComparison.Ordinal);

    private static string Property(string text) =>
        Data(text).Replace(":", "%3A", StringComparison.Ordinal).Replace(",", "%2C", StringComparison.Ordinal);
}
