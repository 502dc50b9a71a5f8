using System.Globalization;
using QuantBuild.Compiler.Diagnostics;

namespace QuantBuild.Compiler.Samples;

/// <summary>What samples lack to be made of pictures and prompts.</summary>
internal static class SampleFaults
{
    /// <summary>Lines that are named when several have the same fault.</summary>
    private const int Shown = 5;

    /// <summary>
    /// The faults of a set, each at its line; what many lines lack together is one fault with their number: a set that nobody filled in
    /// yet.
    /// </summary>
    public static IReadOnlyList<Diagnostic> Of(IReadOnlyList<SampleLine> lines)
    {
        var faults = new List<Diagnostic>();
        SampleLine[] unfilled = [.. lines.Where(line => line.Prompt.Trim() == SampleLine.Placeholder)];
        if (unfilled.Length > 0)
            faults.Add(Descriptors.CalibrationPlaceholder.At(unfilled[0].Span, unfilled.Length, lines.Count, Numbers(unfilled)));
        SampleLine[] filled = [.. lines.Except(unfilled)];
        SampleLine[] lost = [.. filled.Where(line => line.Image is not null && !File.Exists(line.Image))];
        if (lost.Length > 0)
            faults.Add(Descriptors.CalibrationPicture.At(lost[0].Span, lost[0].Image!, "there is no such file"
                + (lost.Length > 1 ? $", nor those of other lines; {lost.Length} are missing: {Numbers(lost)}" : "")));
        faults.AddRange(filled.SelectMany(Of));
        return [.. faults.OrderBy(fault => fault.Span!.Value.Line)];
    }

    private static IEnumerable<Diagnostic> Of(SampleLine line)
    {
        if (line.Image is null)
        {
            yield return Descriptors.CalibrationLine.At(line.Span,
                $"it has no string \"image\"; a video needs a first frame, unless there is "
                    + $"'{Path.GetFileName(SampleFiles.TensorsOf(line.Span.File))}' with its tensors beside the set");
        }
        else if (line.Seed is null)
            yield return Descriptors.CalibrationLine.At(line.Span, "it has no integer \"seed\"");
    }

    private static string Numbers(SampleLine[] lines) => (lines.Length == 1 ? "line " : "lines ")
        + string.Join(", ", lines.Take(Shown).Select(line => line.Span.Line.ToString(CultureInfo.InvariantCulture)))
        + (lines.Length > Shown ? $" and {lines.Length - Shown} more" : "");
}
