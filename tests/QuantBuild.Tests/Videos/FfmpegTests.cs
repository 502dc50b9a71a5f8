using System.Diagnostics;
using QuantBuild.Compiler.Evaluation;
using QuantBuild.Imaging;
using QuantBuild.Tool.Videos;

namespace QuantBuild.Tests.Videos;

public sealed class FfmpegTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("quantbuild-mp4").FullName;

    [Fact]
    public void An_mp4_file_has_all_frames_nearly_as_they_were()
    {
        RequireFfmpeg();
        Image[] frames = [.. Enumerable.Range(0, 5).Select(Frame)];
        string path = Path.Combine(_folder, "video.mp4");

        Ffmpeg.Write(path, frames, framesPerSecond: 16, TestContext.Current.CancellationToken);

        using Process decoder = Process.Start(new ProcessStartInfo("ffmpeg")
        {
            ArgumentList = { "-loglevel", "error", "-i", path, Path.Combine(_folder, "%d.png") },
        })!;
        decoder.WaitForExit();
        Image[] decoded =
            [.. Enumerable.Range(1, Directory.GetFiles(_folder, "*.png").Length)
                .Select(i => Image.Load(Path.Combine(_folder, $"{i}.png")))];
        Assert.Equal(frames.Length, decoded.Length);
        Assert.InRange(FrameMetrics.Psnr(decoded, frames), 30, 100);
    }

    [Fact]
    public void What_ffmpeg_cannot_write_is_an_error_with_its_words()
    {
        RequireFfmpeg();
        var error = Assert.Throws<IOException>(() =>
            Ffmpeg.Write(Path.Combine(_folder, "missing", "video.mp4"), [Frame(0)], 16, TestContext.Current.CancellationToken));
        Assert.Contains("No such file", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_cancelled_video_leaves_no_file()
    {
        RequireFfmpeg();
        string path = Path.Combine(_folder, "video.mp4");
        Assert.Throws<OperationCanceledException>(() => Ffmpeg.Write(path, [Frame(0)], 16, new CancellationToken(canceled: true)));
        Assert.False(File.Exists(path));
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static void RequireFfmpeg() =>
        Assert.SkipUnless(Ffmpeg.IsAvailable, "MP4 files need the program ffmpeg, which is not on the PATH");

    /// <summary>A soft gradient that moves: what a video encoder keeps well.</summary>
    private static Image Frame(int index)
    {
        var pixels = new byte[3 * 96 * 64];
        for (int i = 0; i < 96 * 64; i++)
            (pixels[3 * i], pixels[(3 * i) + 1], pixels[(3 * i) + 2]) = ((byte)((i % 96 * 2) + (8 * index)), (byte)(i / 96 * 3), 90);
        return new Image(96, 64, pixels);
    }
}
