using System.Globalization;
using System.Text;
using QuantBuild.Compiler.Diagnostics;

namespace QuantBuild.Compiler.Ci;

/// <summary>Azure Pipelines: commands are lines that begin with <c>##vso[</c>, each in one line.</summary>
/// <param name="read">Looks an environment variable up; null when it is not set.</param>
/// <param name="output">Standard output of the step.</param>
internal sealed class AzurePipelines(Func<string, string?> read, TextWriter output) : ICiSystem
{
    /// <summary>Larger files are better published by a step of the pipeline, which knows how to resume.</summary>
    private const long LargestUpload = 1L << 30;

    /// <inheritdoc/>
    public string Name => "Azure Pipelines";

    /// <inheritdoc/>
    public void BeginLog(string title)
    {
        output.WriteLine($"##[group]{Data(title)}");
        output.Flush();
    }

    /// <inheritdoc/>
    public void EndLog()
    {
        output.WriteLine("##[endgroup]");
        output.Flush();
    }

    /// <inheritdoc/>
    public void Annotate(Diagnostic diagnostic)
    {
        var properties = new StringBuilder(diagnostic.Descriptor.Severity == Severity.Error ? "type=error;" : "type=warning;");
        if (diagnostic.Span is { } span)
        {
            properties.Append(CultureInfo.InvariantCulture, $"sourcepath={Property(Path.GetFullPath(span.File))};");
            if (span.Line > 0)
                properties.Append(CultureInfo.InvariantCulture, $"linenumber={span.Line};columnnumber={span.Column};");
        }
        Command("task.logissue", $"{properties}code={Property(diagnostic.Descriptor.Code)};", diagnostic.Message);
    }

    /// <inheritdoc/>
    public void SetOutput(string name, string value) => Command("task.setvariable", $"variable={Property(name)};isOutput=true;", value);

    /// <inheritdoc/>
    public void AddSummary(string markdown)
    {
        string folder = read("AGENT_TEMPDIRECTORY") is { Length: > 0 } named ? named : Path.GetTempPath();
        string file = Path.Combine(folder, $"quantbuild-{Guid.NewGuid():N}.md");
        File.WriteAllText(file, markdown, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false));
        Command("task.uploadsummary", "", Path.GetFullPath(file));
    }

    /// <inheritdoc/>
    public bool Upload(string artifact, string folder, IEnumerable<string> files)
    {
        bool all = true;
        foreach (string file in files)
        {
            string path = Path.GetFullPath(Path.Combine(folder, file));
            int slash = file.LastIndexOf('/');
            string container = slash < 0 ? artifact : $"{artifact}/{file[..slash]}";
            if (new FileInfo(path).Length <= LargestUpload)
                Command("artifact.upload", $"containerfolder={Property(container)};artifactname={Property(artifact)};", path);
            else
                all = false;
        }
        return all;
    }

    private void Command(string name, string properties, string message) =>
        output.WriteLine($"##vso[{name}{(properties.Length > 0 ? " " : "")}{properties}]{Data(message)}");

    private static string Data(string text) => text.Replace("%", "%AZP25", StringComparison.Ordinal)
        .Replace("\r", "%0D", StringComparison.Ordinal).Replace("\n", "%0A", StringComparison.Ordinal);

    private static string Property(string text) =>
        Data(text).Replace(";", "%3B", StringComparison.Ordinal).Replace("]", "%5D", StringComparison.Ordinal);
}
