using System.Diagnostics;
using System.Globalization;
using QuantBuild.Compiler.Processes;
using QuantBuild.Imaging;

namespace QuantBuild.Tool.Videos;

/// <summary>MP4 files by the program <c>ffmpeg</c>, when there is one on the PATH.</summary>
internal static class Ffmpeg
{
    private const string Program = "ffmpeg";

    /// <summary>Whether there is such a program.</summary>
    public static bool IsAvailable => ProgramPath.Find(Program) is not null;

    /// <summary>Encodes frames as H.264, at a quality that hides no difference between models.</summary>
    /// <param name="path">The file to write; it is replaced.</param>
    /// <param name="frames">Frames of one size, even in width and height.</param>
    /// <param name="framesPerSecond">Frames per second.</param>
    /// <param name="ct">Ends the program and deletes the file.</param>
    /// <exception cref="ArgumentException">There is no frame, or sizes differ.</exception>
    /// <exception cref="IOException">There is no such program, or it failed; the message has the end of its output.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="ct"/> was cancelled.</exception>
    public static void Write(string path, IReadOnlyList<Image> frames, int framesPerSecond, CancellationToken ct = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(framesPerSecond, 1);
        if (frames.Count == 0 || frames.Any(frame => frame.Width != frames[0].Width || frame.Height != frames[0].Height))
            throw new ArgumentException("a video needs frames of one size", nameof(frames));
        string size = string.Create(CultureInfo.InvariantCulture, $"{frames[0].Width}x{frames[0].Height}");
        // The format is named: a temporary file's ending tells none.
        using Process process = Start(path,
            "-loglevel", "error", "-y", "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", size, "-r",
                framesPerSecond.ToString(CultureInfo.InvariantCulture),
            "-i", "-", "-c:v", "libx264", "-crf", "12", "-pix_fmt", "yuv420p", "-movflags", "+faststart", "-f", "mp4",
                Path.GetFullPath(path));
        Feed(process, path, frames, ct);
    }

    private static Process Start(string path, params string[] arguments)
    {
        try
        {
            return ProgramProcess.Start(Program, arguments);
        }
        catch (FileNotFoundException e)
        {
            throw new IOException($"{path}: there is no program '{Program}' on the PATH to write MP4 files with; write a .png instead", e);
        }
    }

    private static void Feed(Process process, string path, IReadOnlyList<Image> frames, CancellationToken ct)
    {
        Task<string> words = process.StandardError.ReadToEndAsync(CancellationToken.None);
        // it says nothing there; if it does, it shall not wait for a reader
        _ = process.StandardOutput.ReadToEndAsync(CancellationToken.None);
        try
        {
            using (Stream input = process.StandardInput.BaseStream)
            {
                foreach (Image frame in frames)
                {
                    ct.ThrowIfCancellationRequested();
                    input.Write(frame.Pixels.Span);
                }
            }
            process.WaitForExit();
        }
        catch (IOException)
        {
            // It stopped reading: its exit code and its words tell why.
            process.WaitForExit();
        }
        catch (OperationCanceledException)
        {
            process.Kill();
            process.WaitForExit();
            File.Delete(path);
            throw;
        }
        if (process.ExitCode != 0)
            throw new IOException($"{path}: {Program} failed with code {process.ExitCode}: {words.GetAwaiter().GetResult().Trim()}");
    }
}
