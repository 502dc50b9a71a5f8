using System.CommandLine;
using QuantBuild.Imaging;
using QuantBuild.Pipelines;
using QuantBuild.Tool.Logging;
using QuantBuild.Tool.Running;
using QuantBuild.Tool.Streams;
using QuantBuild.Tool.Videos;

namespace QuantBuild.Tool.Commands;

/// <summary><c>quantbuild generate</c>: a video of a picture and a prompt.</summary>
internal static class GenerateCommand
{
    private static readonly Option<string?> Artifact =
        new("--artifact") { Description = "A built artifact whose experts are used [default: full precision].", HelpName = "dir" };

    private static readonly Option<string> Output = new("--out")
    {
        Description = "The video: .mp4 (needs ffmpeg), .png (animated), or a folder that gets a PNG file per frame.", HelpName = "path",
            Required = true,
    };

    public static Command Create(Session session)
    {
        var command = new Command("generate",
            "Make a video of a first frame and a prompt, or of a prompt, with full-precision experts or those of an artifact.")
        {
            Artifact,
            Output,
        };
        GenerateOptions.AddTo(command);
        ComputeArguments.AddWithChoiceTo(command);
        command.SetAction(arguments => session.Run(arguments, run =>
        {
            VideoFailures.Translate(() => Generate(arguments, run), "take a smaller --size or fewer --frames");
            return ExitCode.Done;
        }));
        return command;
    }

    private static void Generate(ParseResult arguments, CommandRun run)
    {
        string output = arguments.GetValue(Output)!;
        string? sheet = arguments.GetValue(GenerateOptions.Sheet);
        VideoFile.Check(output);
        VideoFile.CheckPicture(sheet);
        using ModelArtifact? artifact = arguments.GetValue(Artifact) is { } folder ? ModelArtifact.Open(folder) : null;
        NamedModel model = NamedModel.Find(arguments.GetValue(GenerateOptions.Model)!, needsExperts: artifact is null, run);
        VideoCompute compute = VideoCompute.Find(arguments, model, artifact, run);
        using VideoPipeline pipeline = GenerateOptions.Open(arguments, model.Source, artifact, compute, run);
        Image? image = GenerateOptions.Picture(arguments, pipeline.Architecture);
        GenerationOptions options = GenerateOptions.Of(arguments, model, pipeline.Architecture, artifact);
        VideoMemory.Check(pipeline, pipeline.SizeOf(image, options), options.Sampling.Threads, kept: 0, compute,
            is4Bit: artifact is not null, run);
        GenerateOptions.ReportSchedule(options, artifact, run);
        GenerateOptions.CheckPrompts(pipeline, arguments, options, run);
        GeneratedVideo video = pipeline.Generate(image, arguments.GetValue(GenerateOptions.Prompt)!, options,
            new GenerationLog(run.Console.Error), ct: run.Cancellation);

        VideoFile.Write(output, video.Frames, arguments.GetValue(GenerateOptions.FramesPerSecond), run.Cancellation);
        if (sheet is not null)
            VideoFile.WritePicture(sheet, ContactSheet.Arrange(ContactSheet.Pick(video.Frames, 8), columns: 4));
        run.Answer.WriteLine(output);
    }
}
