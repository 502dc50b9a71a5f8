using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using QuantBuild.Compiler.Build;
using QuantBuild.Compiler.Evaluation;
using QuantBuild.Compiler.Operations;
using QuantBuild.Compiler.Store;
using QuantBuild.Tool.Running;
using QuantBuild.Tool.Text;
using QuantBuild.Tool.Videos;
using Spectre.Console;

namespace QuantBuild.Tool.Commands;

/// <summary><c>quantbuild eval</c>: the paper's Table I for a manifest's model.</summary>
internal static class EvalCommand
{
    private const string DefaultData = "eval.jsonl";

    private static readonly Option<string?> Data = new("--data")
    {
        Description = $"The evaluation set [default: {DefaultData} beside the manifest].",
        HelpName = "file",
    };

    private static readonly Option<int?> Samples = CommonOptions.AtLeast(1, new Option<int?>("--samples")
    {
        Description = "Use this many samples, from the start [default: all].",
        HelpName = "n",
    });

    private static readonly Option<string?> Json = new("--json") { Description = "Also write the table as JSON to this file.",
        HelpName = "file" };

    private static readonly Option<string?> Videos = new("--videos")
    {
        Description = "Also write the decoded videos to this folder as VBench's scripts read them: method/prompt-index.mp4 (needs ffmpeg).",
            HelpName = "dir",
    };

    public static Command Create(Session session)
    {
        var command =
            new Command("eval",
                "Run an evaluation set through full precision, the ladder of methods and the manifest's recipe, and compare.")
        {
            CommonOptions.Manifest,
            Data,
            Samples,
            Json,
            Videos,
            CommonOptions.Store,
            RemoteOptions.Remote,
            RemoteOptions.ReadOnly,
            CommonOptions.Threads,
            CommonOptions.Memory,
            CommonOptions.Log,
        };
        command.SetAction(arguments => session.Run(arguments, run =>
        {
            CompileOptions options = CommonOptions.Compile(arguments, run);
            string data = arguments.GetValue(Data) ?? Path.Combine(Path.GetDirectoryName(Path.GetFullPath(options.Manifest))!, DefaultData);
            ClipFolder? clips = arguments.GetValue(Videos) is { } folder ? new ClipFolder(folder, run.Cancellation) : null;
            EvaluationReport report =
                run.Observe(observer =>
                    ModelCompiler.Evaluate(options, data, arguments.GetValue(Samples), observer, clips is null ? null : clips.Write,
                        run.Cancellation));
            if (arguments.GetValue(Json) is { } file)
                Save(file, report);
            if (run.Answer == run.Console.Out)
                Print(report, run.Console);
            return run.Report(report.Beyond);
        }));
        return command;
    }

    private static void Print(EvaluationReport report, ToolConsole console)
    {
        string[] experts = [.. report.Rows.SelectMany(row => row.MeanLayerErrorByExpert.Keys).Distinct()];
        bool decoded = report.Rows.All(row => row.Video is not null);
        Table table =
            Tables.Create(["method", "layer error", .. experts, "latent error", "latent cosine", .. decoded
                ? ["psnr", "ssim", "first frame", "flicker"]
                : (string[])[], "size"]);
        foreach (EvaluationReport.Row row in report.Rows)
        {
            Tables.AddRow(table,
                [row.Method, Number(row.MeanLayerError), .. experts.Select(expert => Number(row.MeanLayerErrorByExpert[expert])),
                Number(row.FinalLatentError), Number(row.FinalLatentCosine),
                .. decoded ? [Number(row.Video!.Psnr, "0.00"), Number(row.Video.Ssim, "0.0000"), Number(row.Video.FirstFramePsnr, "0.00"),
                    Number(row.Video.Flicker, "0.000")] : (string[])[],
                Quantity.Size(row.ArtifactBytes)]);
        }
        console.Tables.Write(table);
        console.Out.WriteLine();
        console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{report.Samples} samples; errors are relative, against full precision"));
        console.Out.WriteLine(decoded
            ? "psnr (in dB) and ssim of decoded frames against full precision, of the first frame against the picture; flicker is the "
                + "mean difference of neighbouring frames"
            : "frames were not decoded: the checkpoint has no text_encoder, tokenizer and vae");
    }

    private static string Number(double value) => value.ToString("0.00000", CultureInfo.InvariantCulture);

    private static string Number(double? value, string format) => value?.ToString(format, CultureInfo.InvariantCulture) ?? "";

    private static void Save(string path, EvaluationReport report)
    {
        var document = new JsonObject
        {
            ["rows"] = new JsonArray([.. report.Rows.Select(Row)]),
            ["samples"] = report.Samples,
        };
        OutputFile.Write(path, document.ToJsonString(JsonReport.Indented) + "\n");
    }

    private static JsonObject Row(EvaluationReport.Row row) => new()
    {
        ["method"] = row.Method,
        ["meanLayerError"] = row.MeanLayerError,
        ["meanLayerErrorByExpert"] =
            new JsonObject(row.MeanLayerErrorByExpert.Select(expert => KeyValuePair.Create(expert.Key, (JsonNode?)expert.Value))),
        ["finalLatentError"] = row.FinalLatentError,
        ["finalLatentCosine"] = row.FinalLatentCosine,
        ["artifactBytes"] = row.ArtifactBytes,
        ["video"] = row.Video is not { } video ? null : new JsonObject
        {
            ["psnr"] = Finite(video.Psnr),
            ["ssim"] = video.Ssim,
            ["firstFramePsnr"] = Finite(video.FirstFramePsnr),
            ["flicker"] = video.Flicker,
        },
    };

    /// <summary>Equal frames are infinitely alike, for which JSON has no number.</summary>
    private static double? Finite(double? value) => value is { } number && double.IsFinite(number) ? number : null;
}
