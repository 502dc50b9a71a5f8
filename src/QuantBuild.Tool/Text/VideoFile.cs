using System.Globalization;
using QuantBuild.Imaging;

namespace QuantBuild.Tool.Text;

/// <summary>Writes videos in the form that a path asks for.</summary>
internal static class VideoFile
{
    /// <summary>Writes frames: as an MP4 file, an animated PNG file, or a folder of PNG files.</summary>
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
            case "":
                Directory.CreateDirectory(path);
                for (int i = 0; i < frames.Count; i++)
                    WritePicture(Path.Combine(path, string.Create(CultureInfo.InvariantCulture, $"{i:0000}.png")), frames[i]);
                break;
            default:
                throw new UsageException($"--out is '{path}'; it must end in .mp4 or .png, or be a folder.");
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
