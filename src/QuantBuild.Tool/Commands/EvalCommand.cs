using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using QuantBuild.Compiler;
using QuantBuild.Compiler.Evaluation;
using QuantBuild.Compiler.Store;
using QuantBuild.Tool.Text;
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

    private static readonly Option<string?> Json = new("--json") { Description = "Also write the table as JSON to this file.", HelpName = "file" };

    public static Command Create(Session session)
    {
        var command = new Command("eval", "Run an evaluation set through full precision, the ladder of methods and the manifest's recipe, and compare.")
        {
            CommonOptions.Manifest,
            Data,
            Samples,
            Json,
            CommonOptions.Store,
            CommonOptions.Threads,
            CommonOptions.Memory,
            CommonOptions.Log,
        };
        command.SetAction(arguments => session.Run(arguments, run =>
        {
            CompileOptions options = CommonOptions.Compile(arguments);
            string data = arguments.GetValue(Data) ?? Path.Combine(Path.GetDirectoryName(Path.GetFullPath(options.Manifest))!, DefaultData);
            EvaluationReport report = run.Observe(observer => ModelCompiler.Evaluate(options, data, arguments.GetValue(Samples), observer, run.Cancellation));
            if (arguments.GetValue(Json) is { } file)
                Save(file, report);
            if (run.Answer == run.Console.Out)
                Print(report, run.Console);
            return ExitCode.Done;
        }));
        return command;
    }

    private static void Print(EvaluationReport report, ToolConsole console)
    {
        string[] experts = [.. report.Rows.SelectMany(row => row.MeanLayerErrorByExpert.Keys).Distinct()];
        Table table = Tables.Create(["method", "layer error", .. experts.Select(expert => $"{expert}"), "latent error", "latent cosine", "size"]);
        foreach (EvaluationReport.Row row in report.Rows)
        {
            Tables.AddRow(table, [row.Method, Number(row.MeanLayerError), .. experts.Select(expert => Number(row.MeanLayerErrorByExpert[expert])),
                Number(row.FinalLatentError), Number(row.FinalLatentCosine), Quantity.Size(row.ArtifactBytes)]);
        }
        console.Tables.Write(table);
        console.Out.WriteLine();
        console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{report.Samples} samples; errors are relative, against full precision"));
    }

    private static string Number(double value) => value.ToString("0.00000", CultureInfo.InvariantCulture);

    private static void Save(string path, EvaluationReport report)
    {
        var document = new JsonObject
        {
            ["rows"] = new JsonArray([.. report.Rows.Select(Row)]),
            ["samples"] = report.Samples,
        };
        try
        {
            File.WriteAllText(path, document.ToJsonString(JsonReport.Indented) + "\n");
        }
        catch (Exception failure) when (StoreErrors.IsFileSystem(failure))
        {
            throw StoreErrors.Translate(failure, path);
        }
    }

    private static JsonObject Row(EvaluationReport.Row row) => new()
    {
        ["method"] = row.Method,
        ["meanLayerError"] = row.MeanLayerError,
        ["meanLayerErrorByExpert"] = new JsonObject(row.MeanLayerErrorByExpert.Select(expert => KeyValuePair.Create(expert.Key, (JsonNode?)expert.Value))),
        ["finalLatentError"] = row.FinalLatentError,
        ["finalLatentCosine"] = row.FinalLatentCosine,
        ["artifactBytes"] = row.ArtifactBytes,
    };
}
