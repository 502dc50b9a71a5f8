using System.CommandLine;
using System.Globalization;
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

    private static readonly Option<bool> HeldOut = new("--held-out")
    {
        Description = "Also measure layers on tokens of the evaluation samples, which no build has seen, and their weights' spectra.",
    };

    private static readonly Option<int> Tokens = CommonOptions.AtLeast(1, new Option<int>("--tokens")
    {
        Description = "With --held-out: tokens per step and sample.",
        HelpName = "n",
        DefaultValueFactory = _ => HeldOutErrors.DefaultTokens,
    });

    private static readonly Option<int> Repeat = CommonOptions.AtLeast(1, new Option<int>("--repeat")
    {
        Description = "Run every sample this often, each time with noise changed by 1e-5, and show mean and spread.",
        HelpName = "n",
        DefaultValueFactory = _ => 1,
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
            HeldOut,
            Tokens,
            Repeat,
            Json,
            Videos,
            CommonOptions.Store,
            RemoteOptions.Remote,
            RemoteOptions.ReadOnly,
            CommonOptions.Threads,
            CommonOptions.Memory,
            CommonOptions.Log,
        };
        ComputeArguments.AddTo(command);
        command.SetAction(arguments => session.Run(arguments, run =>
        {
            CompileOptions options = CommonOptions.Compile(arguments, run);
            string data = arguments.GetValue(Data) ?? Path.Combine(Path.GetDirectoryName(Path.GetFullPath(options.Manifest))!, DefaultData);
            ClipFolder? clips = arguments.GetValue(Videos) is { } folder ? new ClipFolder(folder, run.Cancellation) : null;
            var evaluation = new EvaluationOptions(data, arguments.GetValue(Samples),
                arguments.GetValue(HeldOut) ? arguments.GetValue(Tokens) : null, arguments.GetValue(Repeat),
                clips is null ? null : clips.Write);
            EvaluationReport report =
                run.Observe(observer => ModelCompiler.Evaluate(options, evaluation, observer, run.Cancellation));
            if (arguments.GetValue(Json) is { } file)
                OutputFile.Write(file, EvaluationDocument.Of(report).ToJsonString(JsonReport.Indented) + "\n");
            if (run.Answer == run.Console.Out)
                Print(report, run.Console);
            return run.Report(report.Beyond);
        }));
        return command;
    }

    private static void Print(EvaluationReport report, ToolConsole console)
    {
        string[] experts = [.. report.Rows.SelectMany(row => row.Calibrated.ByExpert.Keys).Distinct()];
        bool decoded = report.Rows.All(row => row.Video is not null), unseen = report.Rows.All(row => row.HeldOut is not null);
        Table table =
            Tables.Create(["method", "layer error", .. unseen ? ["held out", "flatters"] : (string[])[], .. experts, "latent error",
                .. report.Repeats > 1 ? ["spread"] : (string[])[], "latent cosine", .. decoded
                ? ["psnr", "ssim", "first frame", "flicker"]
                : (string[])[], "size"]);
        foreach (EvaluationReport.Row row in report.Rows)
        {
            Tables.AddRow(table,
                [row.Method, Number(row.Calibrated.All), .. unseen ? [Number(row.HeldOut!.All), Part(row.Flatters)] : (string[])[],
                .. experts.Select(expert => Number(row.Calibrated.ByExpert[expert])), Number(row.Latent.Error),
                .. report.Repeats > 1 ? [Number(row.Latent.Spread, "0.00000")] : (string[])[], Number(row.Latent.Cosine),
                .. decoded ? [Number(row.Video!.Psnr, "0.00"), Number(row.Video.Ssim, "0.0000"), Number(row.Video.FirstFramePsnr, "0.00"),
                    Number(row.Video.Flicker, "0.000")] : (string[])[],
                Quantity.Size(row.ArtifactBytes)]);
        }
        console.Tables.Write(table);
        console.Out.WriteLine();
        foreach (string line in EvaluationNotes.Of(report, decoded))
            console.Out.WriteLine(line);
    }

    private static string Part(double? part) => part?.ToString("+0.0 %;-0.0 %;0.0 %", CultureInfo.InvariantCulture) ?? "";

    private static string Number(double value) => value.ToString("0.00000", CultureInfo.InvariantCulture);

    private static string Number(double? value, string format) => value?.ToString(format, CultureInfo.InvariantCulture) ?? "";
}
