using System.Globalization;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Evaluation;

namespace QuantBuild.Tool.Videos;

/// <summary>
/// Decoded videos of an evaluation in the layout that the public VBench scripts read: a folder per model, in it <c>prompt-index.mp4</c>.
/// </summary>
internal sealed class ClipFolder
{
    private const int FramesPerSecond = 16;

    // Of longer prompts VBench compares the first 180 characters.
    private const int LongestPrompt = 180;

    // Its size is the evaluation set's.
    private const string Smaller = "make the samples' frames, width or height smaller";

    private readonly string _folder;
    private readonly CancellationToken _ct;

    /// <summary>Checks that videos can be written, before the work of making them.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="ct">Ends the writing of a video.</param>
    /// <exception cref="DiagnosticException">There is no program to write them with (QB3401).</exception>
    public ClipFolder(string folder, CancellationToken ct)
    {
        (_folder, _ct) = (folder, ct);
        VideoFailures.Translate(() => VideoFile.Check(Path.Combine(folder, "clip.mp4")), Smaller);
    }

    /// <summary>Writes a video.</summary>
    public void Write(EvaluatedClip clip) => VideoFailures.Translate(() =>
        VideoFile.Write(Path.Combine(_folder, clip.Method, NameOf(clip.Prompt, clip.Index)), clip.Frames, FramesPerSecond, _ct), Smaller);

    /// <summary>File name of a video: its prompt as far as file systems allow, and which of several it is.</summary>
    public static string NameOf(string prompt, int index)
    {
        string text =
            string.Concat(prompt.Take(LongestPrompt)
                .Select(c => char.IsControl(c) || "/\\:*?\"<>|".Contains(c, StringComparison.Ordinal) ? '_' : c));
        return string.Create(CultureInfo.InvariantCulture, $"{text}-{index}.mp4");
    }
}
