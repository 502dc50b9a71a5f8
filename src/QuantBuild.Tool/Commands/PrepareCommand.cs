using System.CommandLine;
using System.Globalization;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Samples;
using QuantBuild.Imaging;
using QuantBuild.Pipelines;
using QuantBuild.SafeTensors;
using QuantBuild.Sampling;
using QuantBuild.Tool.Running;
using QuantBuild.Tool.Streams;
using QuantBuild.Tool.Videos;

namespace QuantBuild.Tool.Commands;

/// <summary><c>quantbuild prepare</c>: the tensors of a sample set, of its pictures, prompts and seeds.</summary>
internal static class PrepareCommand
{
    private static readonly Argument<string> Set =
        new("set") { Description = "The sample set, a .jsonl file; its tensors are written beside it." };

    public static Command Create(Session session)
    {
        var command =
            new Command("prepare", "Make the tensors that calibration and eval read of a sample set's pictures, prompts and seeds.") { Set,
                GenerateOptions.Model, CommonOptions.Threads };
        command.SetAction(arguments => session.Run(arguments, run =>
        {
            VideoFailures.Translate(() => Prepare(arguments, run), "make frames, width or height of its line smaller");
            return ExitCode.Done;
        }));
        return command;
    }

    private static void Prepare(ParseResult arguments, CommandRun run)
    {
        string path = arguments.GetValue(Set)!, output = Path.ChangeExtension(path, ".safetensors");
        IReadOnlyList<SampleLine> lines = SampleLine.Read(path, origin: null);
        if (lines.Count == 0)
            throw new DiagnosticException(Descriptors.CalibrationEmpty.At(new SourceSpan(path), path, 0, 1));
        NamedModel model = NamedModel.Find(arguments.GetValue(GenerateOptions.Model)!, needsExperts: true, run);
        using VideoPipeline pipeline = GenerateOptions.Open(arguments, model.Source, artifact: null, compute: null, run);
        IReadOnlyList<Diagnostic> faults = SampleFaults.Of(lines, pipeline.Architecture);
        if (faults.Count > 0)
            throw new DiagnosticException(faults);
        int threads = arguments.GetValue(CommonOptions.Threads) is > 0 and var count ? count : Environment.ProcessorCount;
        SampleMemory.Check(pipeline, lines, threads);
        foreach (SampleLine line in lines)
            PromptLength.Check(pipeline, string.Create(CultureInfo.InvariantCulture, $"The prompt of sample {line.Id}"), line.Prompt,
                line.Span, run);
        var tensors = new List<TensorData>();
        foreach (SampleLine line in lines)
        {
            run.Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"sample {line.Id}: {line.Prompt}"));
            Image? image = line.Image is null ? null : Image.Load(line.Image);
            if (image?.IsUniform == true)
                run.Report(Descriptors.CalibrationImageConstant.At(line.Span, line.Image));
            var options = new GenerationOptions
            {
                Frames = line.Frames, Width = line.Width, Height = line.Height, Seed = line.Seed!.Value,
                Sampling = new SamplingOptions { Threads = threads },
            };
            Add(tensors, line.Id, tensors.Count == 0, pipeline.Prepare(image, line.Prompt, options, progress: null, run.Cancellation));
        }
        SafeTensorsWriter.Write(output, tensors);
        run.Answer.WriteLine(output);
    }

    private static void Add(List<TensorData> tensors, int id, bool isFirst, PreparedVideo video)
    {
        string prefix = string.Create(CultureInfo.InvariantCulture, $"sample.{id:000}.");
        long[] size = [video.Shape.Frames, video.Shape.Height, video.Shape.Width];
        tensors.Add(TensorData.Of(prefix + "noise", [video.Noise.Length / video.Shape.Volume, .. size], video.Noise));
        if (video.Condition.Length > 0)
            tensors.Add(TensorData.Of(prefix + "y", [video.Condition.Length / video.Shape.Volume, .. size], video.Condition));
        tensors.Add(TensorData.Of(prefix + "context", [video.Context.Length / video.TextDim, video.TextDim], video.Context));
        if (isFirst)
            tensors.Add(TensorData.Of("null_context", [video.NullContext.Length / video.TextDim, video.TextDim], video.NullContext));
    }
}
