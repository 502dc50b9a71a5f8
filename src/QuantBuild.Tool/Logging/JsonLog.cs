using System.Text.Json;
using System.Text.Json.Nodes;
using QuantBuild.Compiler.Actions;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Tool.Text;

namespace QuantBuild.Tool.Logging;

/// <summary>A log for programs: one line of JSON per action and per diagnostic.</summary>
/// <param name="output">Takes the lines.</param>
internal sealed class JsonLog(TextWriter output) : IBuildObserver
{
    /// <inheritdoc/>
    public void PhaseStarted(string name, int actions)
    {
    }

    /// <inheritdoc/>
    public void ActionStarted(ActionSpec action)
    {
    }

    /// <inheritdoc/>
    public void ActionFinished(ActionEvent action) => Write(JsonReport.Of(action));

    /// <inheritdoc/>
    public void Waiting(ActionSpec action)
    {
    }

    /// <inheritdoc/>
    public void Report(Diagnostic diagnostic)
    {
        string severity = diagnostic.Descriptor.Severity == Severity.Error ? "error" : "warning";
        Write(new JsonObject
        {
            ["diagnostic"] = $"{severity} {diagnostic.Descriptor.Code}: {diagnostic.Message}",
            ["code"] = diagnostic.Descriptor.Code,
            ["severity"] = severity,
            ["file"] = diagnostic.Span?.File,
            ["line"] = diagnostic.Span?.Line,
            ["column"] = diagnostic.Span?.Column,
            ["message"] = diagnostic.Message,
            ["cause"] = diagnostic.Descriptor.Cause,
            ["cure"] = diagnostic.Descriptor.Cure,
        });
    }

    /// <summary>One call per line: the console's writers are synchronized, so lines of several threads never mix.</summary>
    private void Write(JsonObject line) => output.WriteLine(line.ToJsonString(JsonReport.OneLine));
}
