using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Imaging;
using QuantBuild.Pipelines;
using QuantBuild.SafeTensors;
using QuantBuild.Sampling;

namespace QuantBuild.Tool.Commands;

/// <summary><c>quantbuild prepare</c>: the tensors of a sample set, of its pictures, prompts and seeds.</summary>
internal static class PrepareCommand
{
    private static readonly Argument<string> Set = new("set") { Description = "The sample set, a .jsonl file; its tensors are written beside it." };

    public static Command Create(Session session)
    {
        var command = new Command("prepare", "Make the tensors that calibration and eval read of a sample set's pictures, prompts and seeds.") { Set, GenerateOptions.Model, CommonOptions.Threads };
        command.SetAction(arguments => session.Run(arguments, run =>
        {
            GenerateCommand.Translate(() => Prepare(arguments, run));
            return ExitCode.Done;
        }));
        return command;
    }

    private static void Prepare(ParseResult arguments, CommandRun run)
    {
        string path = arguments.GetValue(Set)!, output = Path.ChangeExtension(path, ".safetensors");
        WanImageToVideoPipeline pipeline = GenerateOptions.Open(arguments, artifact: null);
        int threads = arguments.GetValue(CommonOptions.Threads);
        var tensors = new List<TensorData>();
        int number = 0;
        foreach (string text in File.ReadLines(path))
        {
            var span = new SourceSpan(path, ++number, 1);
            if (string.IsNullOrWhiteSpace(text))
                continue;
            Line line = Parse(text, span);
            run.Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"sample {line.Id}: {line.Prompt}"));
            string picture = Path.Combine(Path.GetDirectoryName(Path.GetFullPath(path))!, line.Image);
            Image image = Image.Load(picture);
            if (image.Pixels.Span[3..].SequenceEqual(image.Pixels.Span[..^3]))
                run.Report(Descriptors.CalibrationImageConstant.At(span, picture));
            var options = new GenerationOptions
            {
                Frames = line.Frames, Area = checked(line.Width * line.Height), Seed = line.Seed,
                Sampling = new SamplingOptions { Threads = threads == 0 ? Environment.ProcessorCount : threads },
            };
            Add(tensors, line.Id, pipeline.Prepare(image, line.Prompt, options, progress: null, run.Cancellation));
        }
        if (tensors.Count == 0)
            throw new InvalidDataException($"{path}: there is no sample");
        SafeTensorsWriter.Write(output, tensors);
        run.Answer.WriteLine(output);
    }

    private static void Add(List<TensorData> tensors, int id, PreparedVideo video)
    {
        string prefix = string.Create(CultureInfo.InvariantCulture, $"sample.{id:000}.");
        long[] size = [video.Shape.Frames, video.Shape.Height, video.Shape.Width];
        tensors.Add(TensorData.Of(prefix + "noise", [video.Noise.Length / video.Shape.Volume, .. size], video.Noise));
        tensors.Add(TensorData.Of(prefix + "y", [video.Condition.Length / video.Shape.Volume, .. size], video.Condition));
        tensors.Add(TensorData.Of(prefix + "context", [video.Context.Length / video.TextDim, video.TextDim], video.Context));
        if (tensors.Count == 3)
            tensors.Add(TensorData.Of("null_context", [video.NullContext.Length / video.TextDim, video.TextDim], video.NullContext));
    }

    private static Line Parse(string text, SourceSpan span)
    {
        try
        {
            using JsonDocument json = JsonDocument.Parse(text);
            JsonElement root = json.RootElement;
            if (root.ValueKind != JsonValueKind.Object)
                throw new DiagnosticException(Descriptors.CalibrationLine.At(span, "it is not a JSON object"));
            return new Line(
                Whole(root, "id", null, span), Text(root, "prompt", span), Text(root, "image", span), Whole(root, "seed", null, span),
                Whole(root, "frames", 81, span), Whole(root, "width", 832, span), Whole(root, "height", 480, span));
        }
        catch (JsonException e)
        {
            throw new DiagnosticException(Descriptors.CalibrationLine.At(span, e.Message), e);
        }
    }

    private static string Text(JsonElement root, string name, SourceSpan span) =>
        root.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String
            ? value.GetString()!
            : throw new DiagnosticException(Descriptors.CalibrationLine.At(span, $"it has no string \"{name}\""));

    private static int Whole(JsonElement root, string name, int? absent, SourceSpan span)
    {
        if (!root.TryGetProperty(name, out JsonElement value) && absent is { } standard)
            return standard;
        return value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out int number) && number >= 0
            ? number
            : throw new DiagnosticException(Descriptors.CalibrationLine.At(span, $"it has no whole number \"{name}\""));
    }

    private sealed record Line(int Id, string Prompt, string Image, int Seed, int Frames, int Width, int Height);
}
