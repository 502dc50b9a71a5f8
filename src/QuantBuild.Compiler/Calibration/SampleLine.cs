using System.Globalization;
using System.Text.Json;
using QuantBuild.Compiler.Diagnostics;

namespace QuantBuild.Compiler.Calibration;

/// <summary>A line of a sample set: one JSON object.</summary>
/// <param name="Id">Its id, of no other line.</param>
/// <param name="Prompt">Its prompt.</param>
/// <param name="Image">Path of its first frame, absolute; null when it names none.</param>
/// <param name="Seed">Seed of its noise; null when it names none.</param>
/// <param name="Frames">Frames of its video; 81 by default.</param>
/// <param name="Width">Width of its video, whose area counts; 832 by default.</param>
/// <param name="Height">Height of its video; 480 by default.</param>
/// <param name="Span">Its place.</param>
public sealed record SampleLine(int Id, string Prompt, string? Image, long? Seed, int Frames, int Width, int Height, SourceSpan Span)
{
    /// <summary>The prompt in the calibration set of a new project.</summary>
    internal const string Placeholder = "Say what happens in the video that begins with this picture";

    private const int LargestSide = 1 << 14;

    /// <summary>Reads the lines of a set; blank ones are passed over.</summary>
    /// <param name="path">The jsonl file.</param>
    /// <param name="origin">Place that names the set; null without a manifest.</param>
    /// <exception cref="DiagnosticException">The file cannot be read (QB3101), or lines are no samples (QB3102): all of them.</exception>
    public static IReadOnlyList<SampleLine> Read(string path, SourceSpan? origin)
    {
        var lines = new List<SampleLine>();
        var problems = new List<Diagnostic>();
        var ids = new HashSet<int>();
        try
        {
            int number = 0;
            foreach (string text in File.ReadLines(path))
            {
                var span = new SourceSpan(path, ++number, 1);
                if (string.IsNullOrWhiteSpace(text))
                    continue;
                try
                {
                    SampleLine line = Parse(text, span);
                    lines.Add(line);
                    if (!ids.Add(line.Id))
                        problems.Add(Descriptors.CalibrationLine.At(span, string.Create(CultureInfo.InvariantCulture, $"id {line.Id} is taken by an earlier line")));
                }
                catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException)
                {
                    // InvalidOperationException is how the JSON reader reports an escaped half of a surrogate pair.
                    problems.Add(Descriptors.CalibrationLine.At(span, e.Message));
                }
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DiagnosticException(Descriptors.CalibrationUnreadable.At(origin, path, e.Message), e);
        }
        return problems.Count == 0 ? lines : throw new DiagnosticException(problems);
    }

    private static SampleLine Parse(string text, SourceSpan span)
    {
        using JsonDocument json = JsonDocument.Parse(text, new JsonDocumentOptions { AllowDuplicateProperties = false });
        JsonElement root = json.RootElement;
        if (root.ValueKind != JsonValueKind.Object)
            throw new FormatException("it is not a JSON object");
        string? image = Text(root, "image", isRequired: false);
        if (image is not null && (string.IsNullOrWhiteSpace(image) || image.Contains('\0')))
            throw new FormatException("its \"image\" is no path");
        return new SampleLine(
            (int)Whole(root, "id", null, 0, int.MaxValue)!,
            Text(root, "prompt", isRequired: true)!,
            image is null ? null : Path.GetFullPath(image.Replace('\\', Path.DirectorySeparatorChar), Path.GetDirectoryName(Path.GetFullPath(span.File))!),
            root.TryGetProperty("seed", out _) ? Whole(root, "seed", null, 0, long.MaxValue) : null,
            (int)Whole(root, "frames", 81, 1, 1 << 16)!,
            (int)Whole(root, "width", 832, 1, LargestSide)!,
            (int)Whole(root, "height", 480, 1, LargestSide)!,
            span);
    }

    private static string? Text(JsonElement root, string name, bool isRequired) =>
        !root.TryGetProperty(name, out JsonElement value) && !isRequired ? null
        : value.ValueKind == JsonValueKind.String ? value.GetString()!
        : throw new FormatException($"it has no string \"{name}\"");

    private static long? Whole(JsonElement root, string name, long? absent, long least, long most)
    {
        if (!root.TryGetProperty(name, out JsonElement value) && absent is not null)
            return absent;
        return value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out long number) && number >= least && number <= most
            ? number
            : throw new FormatException($"it has no integer \"{name}\"" + (least > 0 ? string.Create(CultureInfo.InvariantCulture, $" from {least} to {most}") : ""));
    }
}
