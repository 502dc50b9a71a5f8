using System.CommandLine;
using System.Globalization;
using QuantBuild.Imaging;
using QuantBuild.Pipelines;
using QuantBuild.Tool.Logging;
using QuantBuild.Tool.Text;
using Spectre.Console;

namespace QuantBuild.Tool.Commands;

/// <summary><c>quantbuild compare</c>: one video by full precision and by artifacts, side by side.</summary>
internal static class CompareCommand
{
    private const int SheetFrames = 6;

    private static readonly Option<string[]> Artifacts = new("--artifact")
    {
        Description = "A built artifact to compare with full precision; may be given several times.", HelpName = "dir", Required = true,
    };

    private static readonly Option<string?> Output = new("--out") { Description = "Also write the videos side by side: .mp4, .png, or a folder.", HelpName = "path" };

    public static Command Create(Session session)
    {
        var command = new Command("compare", "Make a video with full-precision experts and with those of artifacts, and tell how far they are apart.") { Artifacts, Output };
        GenerateOptions.AddTo(command);
        command.SetAction(arguments => session.Run(arguments, run =>
        {
            GenerateCommand.Translate(() => Compare(arguments, run));
            return ExitCode.Done;
        }));
        return command;
    }

    private static void Compare(ParseResult arguments, CommandRun run)
    {
        string? output = arguments.GetValue(Output);
        if (output is not null)
            VideoFile.Check(output);
        Image picture = Image.Load(arguments.GetValue(GenerateOptions.Image)!);
        string[] folders = arguments.GetValue(Artifacts)!;
        GenerationOptions options;
        using (ModelArtifact first = ModelArtifact.Open(folders[0]))
            options = GenerateOptions.Of(arguments, first);

        var videos = new List<(string Name, GeneratedVideo Video)>();
        foreach (string? folder in (string?[])[null, .. folders])
        {
            run.Console.Error.WriteLine(folder ?? "full precision");
            using ModelArtifact? artifact = folder is null ? null : ModelArtifact.Open(folder);
            GeneratedVideo video = GenerateOptions.Open(arguments, artifact)
                .Generate(picture, arguments.GetValue(GenerateOptions.Prompt)!, options, new GenerationLog(run.Console.Error), run.Cancellation);
            videos.Add((folder ?? "full precision", video));
        }
        Print(picture, videos, run.Console);

        if (output is not null)
        {
            Image[] frames = [.. Enumerable.Range(0, options.Frames).Select(i => ContactSheet.Arrange([.. videos.Select(entry => entry.Video.Frames[i])], videos.Count))];
            VideoFile.Write(output, frames, arguments.GetValue(GenerateOptions.FramesPerSecond), run.Cancellation);
        }
        if (arguments.GetValue(GenerateOptions.Sheet) is { } sheet)
            VideoFile.WritePicture(sheet, ContactSheet.Arrange([.. videos.SelectMany(entry => ContactSheet.Pick(entry.Video.Frames, SheetFrames))], SheetFrames));
    }

    private static void Print(Image picture, List<(string Name, GeneratedVideo Video)> videos, ToolConsole console)
    {
        GeneratedVideo reference = videos[0].Video;
        Image first = FirstFrame.Resize(picture, reference.Frames[0].Height, reference.Frames[0].Width);
        Table table = Tables.Create("model", "psnr", "ssim", "first frame psnr", "flicker", "latent error");
        foreach ((string name, GeneratedVideo video) in videos)
        {
            bool isReference = ReferenceEquals(video, reference);
            Tables.AddRow(table, name,
                isReference ? "" : Number(FrameMetrics.Psnr(video.Frames, reference.Frames), "0.00"),
                isReference ? "" : Number(FrameMetrics.Ssim(video.Frames, reference.Frames), "0.0000"),
                Number(FrameMetrics.Psnr([video.Frames[0]], [first]), "0.00"),
                Number(FrameMetrics.Flicker(video.Frames), "0.000"),
                isReference ? "" : Number(RelativeError(video.Latent.Span, reference.Latent.Span), "0.00000"));
        }
        console.Tables.Write(table);
        console.Out.WriteLine();
        console.Out.WriteLine("psnr (in dB), ssim and error against full precision, of the first frame against the picture; flicker is the mean difference of neighbouring frames");
    }

    private static double RelativeError(ReadOnlySpan<float> values, ReadOnlySpan<float> reference)
    {
        (double difference, double size) = (0, 0);
        for (int i = 0; i < values.Length; i++)
        {
            difference += ((double)values[i] - reference[i]) * ((double)values[i] - reference[i]);
            size += (double)reference[i] * reference[i];
        }
        return Math.Sqrt(difference / size);
    }

    private static string Number(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);
}
