using System.CommandLine;
using System.Globalization;
using QuantBuild.Compiler.Evaluation;
using QuantBuild.Imaging;
using QuantBuild.Models.Vae;
using QuantBuild.Models.Wan;
using QuantBuild.Pipelines;
using QuantBuild.Sampling;
using QuantBuild.Tool.Logging;
using QuantBuild.Tool.Running;
using QuantBuild.Tool.Streams;
using QuantBuild.Tool.Text;
using QuantBuild.Tool.Videos;
using Spectre.Console;

namespace QuantBuild.Tool.Commands;

/// <summary><c>quantbuild compare</c>: one video by full precision and by artifacts, side by side.</summary>
internal static class CompareCommand
{
    private const string FullPrecision = "full precision";
    private const int SheetFrames = 6;

    private static readonly Option<string[]> Artifacts = new("--artifact")
    {
        Description = "A built artifact to compare with full precision; may be given several times.", HelpName = "dir", Required = true,
    };

    private static readonly Option<string?> Output =
        new("--out") { Description = "Also write the videos side by side: .mp4, .png, or a folder.", HelpName = "path" };

    public static Command Create(Session session)
    {
        var command =
            new Command("compare",
                "Make a video with full-precision experts and with those of artifacts, and tell how far they are apart.") { Artifacts,
                    Output };
        GenerateOptions.AddTo(command);
        ComputeArguments.AddWithChoiceTo(command);
        command.SetAction(arguments => session.Run(arguments, run =>
        {
            VideoFailures.Translate(() => Compare(arguments, run), "take a smaller --size or fewer --frames");
            return ExitCode.Done;
        }));
        return command;
    }

    private static ModelArtifact? OpenUnlessNull(string? folder) => folder is null ? null : ModelArtifact.Open(folder);

    private static void Compare(ParseResult arguments, CommandRun run)
    {
        string? output = arguments.GetValue(Output), sheet = arguments.GetValue(GenerateOptions.Sheet);
        if (output is not null)
            VideoFile.Check(output);
        VideoFile.CheckPicture(sheet);
        string[] folders = arguments.GetValue(Artifacts)!;
        NamedModel model = NamedModel.Find(arguments.GetValue(GenerateOptions.Model)!, needsExperts: true, run);
        GenerationOptions options;
        Image? picture;
        VideoCompute compute;
        using (ModelArtifact first = ModelArtifact.Open(folders[0]))
        {
            var architecture = WanArchitecture.Of(first.HighNoise.Config);
            picture = GenerateOptions.Picture(arguments, architecture);
            options = GenerateOptions.Of(arguments, model, architecture, first);
            compute = VideoCompute.Find(arguments, model, first, run);
        }

        var videos = new List<Rendered>();
        foreach (string? folder in (string?[])[null, .. folders])
        {
            run.Console.Error.WriteLine(folder ?? FullPrecision);
            using ModelArtifact? artifact = OpenUnlessNull(folder);
            var latents = new List<float[]>();
            var errors = new List<double>();
            void Step(SamplingStep step)
            {
                if (folder is null)
                    latents.Add(step.Latent.ToArray());
                else
                    errors.Add(RelativeError(step.Latent.Span, videos[0].Latents[step.Index]));
            }
            using VideoPipeline pipeline = GenerateOptions.Open(arguments, model.Source, artifact, compute, run);
            GenerateOptions.ReportSchedule(options, artifact, run);
            if (folder is null)
            {
                VideoShape size = pipeline.SizeOf(picture, options);
                // The frames of every video, and full precision's latent after every step.
                long kept = (folders.Length * (long)size.Frames * size.FrameLength)
                    + (options.Sampling.Schedule().Timesteps.Count * pipeline.PreparedBytes(size));
                VideoMemory.Check(pipeline, size, options.Sampling.Threads, kept, compute, is4Bit: true, run);
                GenerateOptions.CheckPrompts(pipeline, arguments, options, run);
            }
            GeneratedVideo video = pipeline.Generate(picture, arguments.GetValue(GenerateOptions.Prompt)!, options,
                new GenerationLog(run.Console.Error), Step, run.Cancellation);
            videos.Add(new Rendered(folder ?? FullPrecision, video, latents, errors));
        }
        Print(picture, videos, run.Console);
        PrintSteps(videos, options.Sampling.Schedule().Timesteps, run.Console);
        if (output is not null)
        {
            Image[] frames =
                [.. Enumerable.Range(0, options.Frames)
                    .Select(i => ContactSheet.Arrange([.. videos.Select(entry => entry.Video.Frames[i])], videos.Count))];
            VideoFile.Write(output, frames, arguments.GetValue(GenerateOptions.FramesPerSecond), run.Cancellation);
        }
        if (sheet is not null)
            VideoFile.WritePicture(sheet,
                ContactSheet.Arrange([.. videos.SelectMany(entry => ContactSheet.Pick(entry.Video.Frames, SheetFrames))], SheetFrames));
    }

    /// <summary>A model's video.</summary>
    /// <param name="Name">The model.</param>
    /// <param name="Video">Its video.</param>
    /// <param name="Latents">Full precision's latent after every step; empty for others.</param>
    /// <param name="Errors">Relative error of the latent after every step; empty for full precision.</param>
    private sealed record Rendered(string Name, GeneratedVideo Video, IReadOnlyList<float[]> Latents, IReadOnlyList<double> Errors);

    private static void Print(Image? picture, IReadOnlyList<Rendered> videos, ToolConsole console)
    {
        GeneratedVideo reference = videos[0].Video;
        Image? first = picture is null ? null : FirstFrame.Resize(picture, reference.Frames[0].Height, reference.Frames[0].Width);
        Table table =
            Tables.Create(["model", "psnr", "ssim", .. first is null ? (string[])[] : ["first frame psnr"], "flicker", "latent error"]);
        foreach (Rendered rendered in videos)
        {
            GeneratedVideo video = rendered.Video;
            bool isReference = ReferenceEquals(video, reference);
            Tables.AddRow(table,
            [
                rendered.Name,
                isReference ? "" : Number(FrameMetrics.Psnr(video.Frames, reference.Frames), "0.00"),
                isReference ? "" : Number(FrameMetrics.Ssim(video.Frames, reference.Frames), "0.0000"),
                .. first is null ? (string[])[] : [Number(FrameMetrics.Psnr([video.Frames[0]], [first]), "0.00")],
                Number(FrameMetrics.Flicker(video.Frames), "0.000"),
                isReference ? "" : Number(RelativeError(video.Latent.Span, reference.Latent.Span), "0.00000"),
            ]);
        }
        console.Tables.Write(table);
        console.Out.WriteLine();
        console.Out.WriteLine(
            $"psnr (in dB), ssim and error against full precision{(first is null ? "" : ", of the first frame against the picture")}; "
                + "flicker is the mean difference of neighbouring frames");
    }

    /// <summary>How the latent drifts away from full precision's, step by step.</summary>
    private static void PrintSteps(IReadOnlyList<Rendered> videos, IReadOnlyList<int> timesteps, ToolConsole console)
    {
        Table table = Tables.Create(["step", "timestep", .. videos.Skip(1).Select(rendered => rendered.Name)]);
        for (int i = 0; i < timesteps.Count; i++)
        {
            Tables.AddRow(table, [(i + 1).ToString(CultureInfo.InvariantCulture), timesteps[i].ToString(CultureInfo.InvariantCulture),
                .. videos.Skip(1).Select(rendered => Number(rendered.Errors[i], "0.00000"))]);
        }
        console.Out.WriteLine();
        console.Tables.Write(table);
        console.Out.WriteLine();
        console.Out.WriteLine("relative error of the latent after every step, against full precision's after the same one");
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
