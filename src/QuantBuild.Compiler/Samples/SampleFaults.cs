using System.Globalization;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Models.Wan;

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
    /// <param name="lines">The lines.</param>
    /// <param name="architecture">The model that the samples are for.</param>
    public static IReadOnlyList<Diagnostic> Of(IReadOnlyList<SampleLine> lines, WanArchitecture architecture)
    {
        var faults = new List<Diagnostic>();
        SampleLine[] unfilled = [.. lines.Where(line => line.Prompt.Trim() is SampleLine.Placeholder or SampleLine.TextPlaceholder)];
        if (unfilled.Length > 0)
            faults.Add(Descriptors.CalibrationPlaceholder.At(unfilled[0].Span, unfilled.Length, lines.Count, Numbers(unfilled)));
        SampleLine[] filled = [.. lines.Except(unfilled)];
        SampleLine[] lost =
            [.. filled.Where(line => architecture.TakesPicture && line.Image is not null && !File.Exists(line.Image))];
        if (lost.Length > 0)
            faults.Add(Descriptors.CalibrationPicture.At(lost[0].Span, lost[0].Image!, "there is no such file"
                + (lost.Length > 1 ? $", nor those of other lines; {lost.Length} are missing: {Numbers(lost)}" : "")));
        faults.AddRange(filled.SelectMany(line => architecture.TakesPicture ? OfPicture(line) : OfPrompt(line)));
        return [.. faults.OrderBy(fault => fault.Span!.Value.Line)];
    }

    private static IEnumerable<Diagnostic> OfPrompt(SampleLine line)
    {
        if (line.Image is not null)
            yield return Descriptors.PictureRefused.At(line.Span, line.Image);
        if (string.IsNullOrWhiteSpace(line.Prompt))
            yield return Descriptors.CalibrationLine.At(line.Span, "its \"prompt\" is empty, and the model makes videos of a prompt alone");
        if (line.Seed is null)
            yield return NoSeed(line);
    }

    private static Diagnostic NoSeed(SampleLine line) => Descriptors.CalibrationLine.At(line.Span, "it has no integer \"seed\"");

    private static IEnumerable<Diagnostic> OfPicture(SampleLine line)
    {
        if (line.Image is null)
        {
            yield return Descriptors.CalibrationLine.At(line.Span,
                $"it has no string \"image\"; a video needs a first frame, unless there is "
                    + $"'{Path.GetFileName(SampleFiles.TensorsOf(line.Span.File))}' with its tensors beside the set");
        }
        else if (line.Seed is null)
            yield return NoSeed(line);
    }

    private static string Numbers(SampleLine[] lines) => (lines.Length == 1 ? "line " : "lines ")
        + string.Join(", ", lines.Take(Shown).Select(line => line.Span.Line.ToString(CultureInfo.InvariantCulture)))
        + (lines.Length > Shown ? $" and {lines.Length - Shown} more" : "");
}
