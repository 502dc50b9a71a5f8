using System.Globalization;
using QuantBuild.Imaging;

namespace QuantBuild.Tool.Text;

/// <summary>Writes videos in the form that a path asks for.</summary>
internal static class VideoFile
{
    /// <summary>Refuses a path that <see cref="Write"/> could not write, before the work of making frames.</summary>
    /// <exception cref="UsageException">The ending is unknown.</exception>
    /// <exception cref="IOException">The program that writes MP4 files is missing.</exception>
    public static void Check(string path)
    {
        string ending = Path.GetExtension(path).ToUpperInvariant();
        if (ending is not (".MP4" or ".PNG" or ".APNG" or ""))
            throw new UsageException($"--out is '{path}'; it must end in .mp4 or .png, or be a folder.");
        if (ending == ".MP4" && !Ffmpeg.IsAvailable)
            throw new IOException($"{path}: MP4 files need the program ffmpeg on the PATH; without it, write a .png");
    }

    /// <summary>Writes frames: as an MP4 file, an animated PNG file, or a folder of PNG files; <see cref="Check"/> has passed.</summary>
    public static void Write(string path, IReadOnlyList<Image> frames, int framesPerSecond, CancellationToken ct)
    {
        CreateFolderOf(path);
        switch (Path.GetExtension(path).ToUpperInvariant())
        {
            case ".MP4":
                Ffmpeg.Write(path, frames, framesPerSecond, ct);
                break;
            case ".PNG" or ".APNG":
                using (FileStream file = File.Create(path))
                    PngWriter.WriteAnimation(file, frames, framesPerSecond);
                break;
            default:
                Directory.CreateDirectory(path);
                for (int i = 0; i < frames.Count; i++)
                    WritePicture(Path.Combine(path, string.Create(CultureInfo.InvariantCulture, $"{i:0000}.png")), frames[i]);
                break;
        }
    }

    /// <summary>Writes a still picture.</summary>
    public static void WritePicture(string path, Image image)
    {
        CreateFolderOf(path);
        using FileStream file = File.Create(path);
        PngWriter.Write(file, image);
    }

    private static void CreateFolderOf(string path) => Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
}
