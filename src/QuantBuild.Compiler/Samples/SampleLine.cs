using QuantBuild.Compiler.Diagnostics;

namespace QuantBuild.Compiler.Samples;

/// <summary>A line of a sample set: one JSON object.</summary>
/// <param name="Id">Its id, of no other line.</param>
/// <param name="Prompt">Its prompt.</param>
/// <param name="Image">Path of its first frame, absolute; null when it names none.</param>
/// <param name="Seed">Seed of its noise; null when it names none.</param>
/// <param name="Frames">Frames of its video; 81 by default.</param>
/// <param name="Width">Width of its video, whose area counts; 832 by default.</param>
/// <param name="Height">Height of its video; 480 by default.</param>
/// <param name="Span">Its place.</param>
internal sealed record SampleLine(int Id, string Prompt, string? Image, long? Seed, int Frames, int Width, int Height, SourceSpan Span)
{
    /// <summary>The prompt in the calibration set of a new project.</summary>
    internal const string Placeholder = "Say what happens in the video that begins with this picture";

    /// <summary>The same for a text-to-video model.</summary>
    internal const string TextPlaceholder = "Say what happens in the video";

    /// <summary>Reads the lines of a set; blank ones are passed over.</summary>
    /// <param name="path">The jsonl file.</param>
    /// <param name="origin">Place that names the set; null without a manifest.</param>
    /// <exception cref="DiagnosticException">
    /// The file cannot be read (QB3101) or is not UTF-8 (QB3120), or lines are no samples (QB3102): all of them.
    /// </exception>
    public static IReadOnlyList<SampleLine> Read(string path, SourceSpan? origin) => SampleReader.Read(path, origin);
}
