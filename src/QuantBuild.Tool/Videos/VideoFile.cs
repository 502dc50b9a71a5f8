using System.Globalization;
using QuantBuild.Compiler.Store;
using QuantBuild.Imaging;
using QuantBuild.Tool.Text;

namespace QuantBuild.Tool.Videos;

/// <summary>Writes videos in the form that a path asks for; a file appears whole or not at all.</summary>
internal static class VideoFile
{
    /// <summary>Refuses a path that <see cref="Write"/> could not write, before the work of making frames.</summary>
    /// <exception cref="UsageException">The ending is unknown.</exception>
    /// <exception cref="IOException">The place cannot be written to, or the program that writes MP4 files is missing.</exception>
    public static void Check(string path)
    {
        string ending = Path.GetExtension(path).ToUpperInvariant();
        if (ending is not (".MP4" or ".PNG" or ".APNG" or ""))
            throw new UsageException($"--out is '{path}'; it must end in .mp4 or .png, or be a folder.");
        if (ending == ".MP4" && !Ffmpeg.IsAvailable)
            throw new IOException($"{path}: MP4 files need the program ffmpeg on the PATH; without it, write a .png");
        CheckPlace(path, isFolder: ending.Length == 0);
    }

    /// <summary>The same for <see cref="WritePicture"/>.</summary>
    /// <param name="path">The file; null for none.</param>
    /// <exception cref="UsageException">The ending is unknown.</exception>
    /// <exception cref="IOException">The place cannot be written to.</exception>
    public static void CheckPicture(string? path)
    {
        if (path is null)
            return;
        if (!Path.GetExtension(path).Equals(".png", StringComparison.OrdinalIgnoreCase))
            throw new UsageException($"--sheet is '{path}'; it must end in .png.");
        CheckPlace(path, isFolder: false);
    }

    /// <summary>Writes frames: as an MP4 file, an animated PNG file, or a folder of PNG files; <see cref="Check"/> has passed.</summary>
    public static void Write(string path, IReadOnlyList<Image> frames, int framesPerSecond, CancellationToken ct)
    {
        switch (Path.GetExtension(path).ToUpperInvariant())
        {
            case ".MP4":
                OutputFile.WriteBy(path, temporary => Ffmpeg.Write(temporary, frames, framesPerSecond, ct));
                break;
            case ".PNG" or ".APNG":
                OutputFile.WriteBy(path, temporary =>
                {
                    using FileStream file = File.Create(temporary);
                    PngWriter.WriteAnimation(file, frames, framesPerSecond);
                });
                break;
            default:
                for (int i = 0; i < frames.Count; i++)
                    WritePicture(Path.Combine(path, string.Create(CultureInfo.InvariantCulture, $"{i:0000}.png")), frames[i]);
                break;
        }
    }

    /// <summary>Writes a still picture.</summary>
    public static void WritePicture(string path, Image image) => OutputFile.WriteBy(path, temporary =>
    {
        using FileStream file = File.Create(temporary);
        PngWriter.Write(file, image);
    });

    /// <summary>Creates the folder that is needed, and a file in it, which is gone afterwards.</summary>
    private static void CheckPlace(string path, bool isFolder)
    {
        if (OutputFile.IsSpecial(path) && !isFolder)
            return;
        if (!isFolder && Directory.Exists(path))
            throw new IOException($"{path}: there is a folder of this name");
        try
        {
            string folder = isFolder ? path : FolderOf(path);
            Directory.CreateDirectory(folder);
            using FileStream _ = new(OutputFile.TemporaryIn(folder), FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 0,
                FileOptions.DeleteOnClose);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new IOException($"{path}: nothing can be written there: {e.Message}", e);
        }
    }

    private static string FolderOf(string path) => Path.GetDirectoryName(Path.GetFullPath(path))!;
}
