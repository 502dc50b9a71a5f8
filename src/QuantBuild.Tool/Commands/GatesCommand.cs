using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using QuantBuild.Compiler.Gating;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Operations;
using QuantBuild.Tool.Running;
using QuantBuild.Tool.Text;
using Spectre.Console;

namespace QuantBuild.Tool.Commands;

/// <summary><c>quantbuild gates</c>: thresholds of quality against what was measured, and how to move them.</summary>
internal static class GatesCommand
{
    private const double DefaultMargin = 0.1;

    private static readonly Option<bool> Update = new("--update")
    {
        Description =
            "Write the measured values with a margin into the manifest; comments and layout stay. A manifest without gates gets two.",
    };

    private static readonly Option<double?> Margin = new("--margin")
    {
        Description = "With --update: how far the gates lie beyond the measured errors [default: 10%].",
        HelpName = "part",
        CustomParser = result =>
        {
            if (Quantity.TryParseFraction(result.Tokens[0].Value, out double part))
                return part;
            result.AddError($"'{result.Tokens[0].Value}' is not a part such as 10%.");
            return null;
        },
    };

    public static Command Create(Session session)
    {
        var command =
            new Command("gates",
                "Show the quality gates of a manifest against what the last build measured, without building; or set them by it.")
        {
            CommonOptions.Manifest,
            Update,
            Margin,
            CommonOptions.Store,
            CommonOptions.Threads,
            CommonOptions.Memory,
            CommonOptions.Json,
        };
        ComputeArguments.AddTo(command);
        command.SetAction(arguments => session.Run(arguments, run =>
        {
            bool update = arguments.GetValue(Update);
            if (arguments.GetValue(Margin) is not null && !update)
                throw new UsageException("--margin goes with --update.");
            GateReport report = ModelCompiler.CheckGates(CommonOptions.Compile(arguments, run), update ? arguments.GetValue(Margin)
                ?? DefaultMargin : null, run.Cancellation);
            if (arguments.GetValue(CommonOptions.Json))
                JsonReport.Write(run.Answer, Document(report));
            else
                Print(report, update, run.Console);
            return run.Report(report.Beyond);
        }));
        return command;
    }

    private static void Print(GateReport report, bool updated, ToolConsole console)
    {
        if (report.Rows.Count == 0 && report.Added.Count == 0)
        {
            console.Out.WriteLine(updated
                ? "Nothing is quantized, so there is nothing to limit."
                : "The manifest has no gates. `quantbuild gates --update` sets some by what was measured.");
            return;
        }
        Table table =
            Tables.Create(["line", "gate", "layers", "bins", "severity", "values", "worst", "at", "limit", .. updated
                ? (ReadOnlySpan<string>)["now"]
                : []]);
        foreach (GateReport.Row row in report.Rows)
        {
            Gate gate = row.Gate;
            bool ofModel = gate.Metric == GateMetric.FinalLatentError;
            Tables.AddRow(table, [gate.Span.Line.ToString(CultureInfo.InvariantCulture), GateNames.Metric.NameOf(gate.Metric),
                ofModel ? "" : $"{gate.Match}{(gate.Experts.IsEmpty ? "" : " of " + string.Join(", ", gate.Experts))}",
                gate.Bins.IsEmpty ? ofModel ? "" : "all as one" : string.Join(", ", gate.Bins),
                GateNames.Severity.NameOf(gate.Severity), row.Governed.ToString(CultureInfo.InvariantCulture),
                row.Worst is { } worst ? Number(gate.Metric, worst.Value) : "", row.Worst?.Subject
                    ?? (ofModel ? "not evaluated" : "later gates replace it"),
                GateUpdate.Text(gate.Limit), .. updated
                    ? [row.NewLimit is { } limit ? GateUpdate.Text(limit) : "unchanged"]
                    : Array.Empty<string>()]);
        }
        if (report.Rows.Count > 0)
            console.Tables.Write(table);
        foreach ((GateMetric metric, double limit) in report.Added)
            console.Out.WriteLine($"added {GateNames.Metric.NameOf(metric)}: {GateUpdate.Text(limit)}");
        if (updated)
            console.Out.WriteLine($"written to {report.Manifest}");
    }

    private static string Number(GateMetric metric, double value) =>
        value.ToString(metric == GateMetric.Cosine ? "0.000000" : "0.00000", CultureInfo.InvariantCulture);

    private static JsonObject Document(GateReport report) => new()
    {
        ["gates"] = new JsonArray([.. report.Rows.Select(row => (JsonNode)new JsonObject
        {
            ["line"] = row.Gate.Span.Line,
            ["metric"] = GateNames.Metric.NameOf(row.Gate.Metric),
            ["severity"] = GateNames.Severity.NameOf(row.Gate.Severity),
            ["match"] = row.Gate.Match.ToString(),
            ["experts"] = Names(row.Gate.Experts),
            ["bins"] = Names(row.Gate.Bins),
            ["limit"] = row.Gate.Limit,
            ["newLimit"] = row.NewLimit,
            ["values"] = row.Governed,
            ["worst"] = row.Worst is not { } worst ? null : new JsonObject
            {
                ["expert"] = worst.Expert,
                ["layer"] = worst.Layer,
                ["bin"] = worst.Bin,
                ["value"] = worst.Value,
                ["exceeded"] = worst.IsExceeded,
            },
        })]),
        ["added"] = new JsonObject(report.Added.Select(entry =>
            KeyValuePair.Create(GateNames.Metric.NameOf(entry.Metric), (JsonNode?)entry.Limit))),
    };

    private static JsonArray Names(IEnumerable<string> names) => [.. names.Select(name => (JsonNode)name)];
}
