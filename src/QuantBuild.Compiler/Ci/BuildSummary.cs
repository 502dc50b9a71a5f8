using System.Globalization;
using System.Text;
using QuantBuild.Compiler.Actions;
using QuantBuild.Compiler.Artifacts;
using QuantBuild.Compiler.Differences;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Operations;
using QuantBuild.Compiler.Stages;
using QuantBuild.Compiler.Work;

namespace QuantBuild.Compiler.Ci;

/// <summary>A build as Markdown, for the page that a CI system shows of a run.</summary>
internal static class BuildSummary
{
    private const int Worst = 5;

    /// <summary>A finished build: what ran, what came from the store, what was measured, and the files.</summary>
    /// <param name="result">The build.</param>
    /// <param name="sums">Its files with their digests.</param>
    /// <param name="warnings">What it warned of.</param>
    public static string Of(CompileResult result, IReadOnlyList<(string Path, long Size, string Digest)> sums,
        IReadOnlyList<Diagnostic> warnings)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"## {MarkdownText.Of(result.Name)}\n\n");
        if (result.PulledFrom is { } source)
            text.Append(CultureInfo.InvariantCulture,
                $"Pulled from {MarkdownText.Of(source)}: it has the artifact of this plan and these inputs, so nothing was computed.\n\n");
        else
            AddStages(text, result);
        if (result.Layers.Count > 0)
        {
            text.Append("### Relative output error of quantized layers, mean over layers\n\n").Append(QualityTable.Markdown(result.Layers))
                .Append('\n');
            AddWorst(text, result);
        }
        text.Append("### Files\n\n| file | size | SHA-256 |\n|---|---|---|\n");
        foreach ((string path, long size, string digest) in sums)
            text.Append(CultureInfo.InvariantCulture, $"| {MarkdownText.Of(path)} | {ByteText.Of(size)} | `{digest[..16]}…` |\n");
        text.Append(CultureInfo.InvariantCulture, $"\nLock file: {(result.LockChanged ? "**changed**; commit it" : "unchanged")}.\n");
        AddDiagnostics(text, warnings);
        return text.ToString();
    }

    /// <summary>A build that failed.</summary>
    public static string OfFailure(string manifest, IReadOnlyList<Diagnostic> diagnostics)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"## {MarkdownText.Of(Path.GetFileName(manifest))}: failed\n");
        AddDiagnostics(text, diagnostics);
        return text.ToString();
    }

    private static void AddStages(StringBuilder text, CompileResult result)
    {
        int ran = result.Actions.Count(action => action.Outcome == ActionOutcome.Ran);
        text.Append(CultureInfo.InvariantCulture, $"{ran} of {result.Actions.Count} actions ran; the others came from the store.\n\n");
        text.Append("| stage | ran | from the store | time | time saved |\n|---|---|---|---|---|\n");
        foreach (IGrouping<string, ActionEvent> stage in result.Actions.GroupBy(action => action.Stage, StringComparer.Ordinal)
            .OrderBy(stage => StageOrder(stage.Key)))
        {
            ActionEvent[] done = [.. stage.Where(action => action.Outcome == ActionOutcome.Ran)],
                cached = [.. stage.Where(action => action.Outcome != ActionOutcome.Ran)];
            text.Append(CultureInfo.InvariantCulture,
                $"| {stage.Key} | {done.Length} | {cached.Length} | {done.Sum(action => action.Seconds):F1} s | "
                    + $"{cached.Sum(action => action.Seconds):F1} s |\n");
        }
        text.Append('\n');
    }

    private static int StageOrder(string name) => BuildStages.IndexOf(name);

    private static void AddWorst(StringBuilder text, CompileResult result)
    {
        text.Append("<details><summary>Layers with the largest error</summary>\n\n| layer | as built | round to nearest |\n|---|---|---|\n");
        foreach (LayerQuality layer in result.Layers.OrderByDescending(layer => layer.Recipe).Take(Worst))
            text.Append(CultureInfo.InvariantCulture,
                $"| {MarkdownText.Of(layer.Expert)} {MarkdownText.Of(layer.Layer)} | {layer.Recipe:F4} | {layer.Rtn:F4} |\n");
        text.Append("\n</details>\n\n");
    }

    private static void AddDiagnostics(StringBuilder text, IReadOnlyList<Diagnostic> diagnostics)
    {
        if (diagnostics.Count == 0)
            return;
        text.Append("\n| code | place | message |\n|---|---|---|\n");
        foreach (Diagnostic diagnostic in diagnostics)
        {
            string place = diagnostic.Span is { } span ? FormattableString.Invariant($"{Path.GetFileName(span.File)}:{span.Line}") : "";
            text.Append(CultureInfo.InvariantCulture,
                $"| {diagnostic.Descriptor.Code} | {MarkdownText.Of(place)} | {MarkdownText.Of(diagnostic.Message)} |\n");
        }
    }
}
