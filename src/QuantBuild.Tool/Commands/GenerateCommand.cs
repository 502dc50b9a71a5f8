using System.CommandLine;
using QuantBuild.Artifacts;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Scheduling;
using QuantBuild.Imaging;
using QuantBuild.Pipelines;
using QuantBuild.SafeTensors;
using QuantBuild.Tool.Logging;
using QuantBuild.Tool.Text;

namespace QuantBuild.Tool.Commands;

/// <summary><c>quantbuild generate</c>: a video of a picture and a prompt.</summary>
internal static class GenerateCommand
{
    private static readonly Option<string?> Artifact = new("--artifact") { Description = "A built artifact whose experts are used [default: full precision].", HelpName = "dir" };

    private static readonly Option<string> Output = new("--out")
    {
        Description = "The video: .mp4 (needs ffmpeg), .png (animated), or a folder that gets a PNG file per frame.", HelpName = "path", Required = true,
    };

    public static Command Create(Session session)
    {
        var command = new Command("generate", "Make a video of a first frame and a prompt, with full-precision experts or those of an artifact.") { Artifact, Output };
        GenerateOptions.AddTo(command);
        command.SetAction(arguments => session.Run(arguments, run =>
        {
            Translate(() => Generate(arguments, run));
            return ExitCode.Done;
        }));
        return command;
    }

    /// <summary>Does work whose expected failures are one diagnostic.</summary>
    public static void Translate(Action work)
    {
        try
        {
            work();
        }
        catch (OverflowException e)
        {
            throw new DiagnosticException(Descriptors.GenerationFailed.At(null, "the video is larger than an array can be; take a smaller --size, or --vae-tile"), e);
        }
        catch (Exception e) when (e is InvalidDataException or IOException or UnauthorizedAccessException or SafeTensorsException or ArtifactException or ArgumentException)
        {
            throw new DiagnosticException(Descriptors.GenerationFailed.At(null, Text(e)), e);
        }
    }

    /// <summary>Looks whether there is memory for decoding, which comes after all the denoising: warns where there is not enough now, and refuses where there never is.</summary>
    /// <exception cref="InvalidDataException">It takes more than the machine has.</exception>
    public static void CheckMemory(WanImageToVideoPipeline pipeline, Image image, GenerationOptions options, CommandRun run)
    {
        long needed = pipeline.DecodingBytes(image, options);
        MachineMemory machine = MachineMemory.Read();
        if (needed > machine.Total)
            throw new InvalidDataException($"decoding the frames takes about {Quantity.Size(needed)} at once, and this machine has {Quantity.Size(machine.Total)}; take --vae-tile 256 or a smaller --size");
        if (needed > machine.Available)
            run.Report(Descriptors.GenerationMemory.At(null, Quantity.Size(needed), Quantity.Size(machine.Available)));
    }

    /// <summary>What failed, without the parameter's name that the runtime adds for programmers.</summary>
    private static string Text(Exception e) =>
        e is ArgumentException { ParamName: not null } && e.Message.IndexOf(" (Parameter", StringComparison.Ordinal) is >= 0 and var end ? e.Message[..end] : e.Message;

    private static void Generate(ParseResult arguments, CommandRun run)
    {
        string output = arguments.GetValue(Output)!;
        string? sheet = arguments.GetValue(GenerateOptions.Sheet);
        VideoFile.Check(output);
        VideoFile.CheckPicture(sheet);
        using ModelArtifact? artifact = arguments.GetValue(Artifact) is { } folder ? ModelArtifact.Open(folder) : null;
        string checkpoint = ModelFolder.Find(arguments.GetValue(GenerateOptions.Model)!, needsExperts: artifact is null, run);
        WanImageToVideoPipeline pipeline = GenerateOptions.Open(arguments, checkpoint, artifact);
        Image image = Image.Load(arguments.GetValue(GenerateOptions.Image)!);
        GenerationOptions options = GenerateOptions.Of(arguments, checkpoint, artifact);
        CheckMemory(pipeline, image, options, run);
        GeneratedVideo video = pipeline.Generate(image, arguments.GetValue(GenerateOptions.Prompt)!, options, new GenerationLog(run.Console.Error), ct: run.Cancellation);

        VideoFile.Write(output, video.Frames, arguments.GetValue(GenerateOptions.FramesPerSecond), run.Cancellation);
        if (sheet is not null)
            VideoFile.WritePicture(sheet, ContactSheet.Arrange(ContactSheet.Pick(video.Frames, 8), columns: 4));
        run.Answer.WriteLine(output);
    }
}
