using System.CommandLine;
using System.Globalization;
using QuantBuild.Compiler.Actions;
using QuantBuild.Compiler.Build;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Operations;
using QuantBuild.Compiler.Stages;
using QuantBuild.Compiler.Timing;
using QuantBuild.Tool.Running;
using QuantBuild.Tool.Streams;
using QuantBuild.Tool.Text;
using Spectre.Console;

namespace QuantBuild.Tool.Commands;

/// <summary><c>quantbuild plan</c>: what a build would do.</summary>
internal static class PlanCommand
{
    private static readonly Option<bool> Headers = new("--headers")
    {
        Description =
            "Read only the headers of weights: at once for any size, but without telling what is in the store. A checkpoint of the Hub "
                + "that is not in the download cache is always looked at this way.",
    };

    private static readonly Option<bool> Measure = new("--measure")
    {
        Description = "Measure the speed of this machine again, which takes three seconds; else it is measured once and kept in the store.",
    };

    private static readonly Option<int> Shards = CommonOptions.AtLeast(0, new Option<int>("--shards")
    {
        Description = "Predict what so many workers (quantbuild work) would do from an empty store: time, bytes moved, balance.",
        HelpName = "n",
    });

    public static Command Create(Session session)
    {
        var command = new Command("plan", "Show what every layer becomes and why, what a build would have to do, and what it would need.")
        {
            CommonOptions.Manifest,
            CommonOptions.Store,
            CommonOptions.Threads,
            CommonOptions.Memory,
            CommonOptions.Json,
            Headers,
            Measure,
            Shards,
        };
        ComputeArguments.AddTo(command);
        command.SetAction(arguments => session.Run(arguments, run =>
        {
            CompileOptions options = CommonOptions.Compile(arguments, run) with { HeadersOnly = arguments.GetValue(Headers),
                MeasureSpeed = arguments.GetValue(Measure), Shards = arguments.GetValue(Shards) };
            PlanReport report = ModelCompiler.Plan(options, new DiagnosticsOnly(run.Report), run.Cancellation);
            if (arguments.GetValue(CommonOptions.Json))
                JsonReport.Write(run.Answer, PlanDocument.Of(report));
            else
                Print(report, run.Console);
            return ExitCode.Done;
        }));
        return command;
    }

    private static void Print(PlanReport report, ToolConsole console)
    {
        Table table = Tables.Create("expert", "layer", "weight", "precision", "rank", "method", "because", "work");
        string choice = report.Actions.Any(action => action.Stage == BuildStages.Curve.Name && action.Outcome == ActionOutcome.Missing)
            ? ", to choose" : ", chosen";
        foreach (PlannedLayer layer in PlannedLayer.All(report))
        {
            (string method, string rank) = layer.IsQuantized
                ? (layer.Method, layer.Plan.Recipe.LowRank.Rank.ToString(CultureInfo.InvariantCulture)
                    + (layer.Plan.StartRank is null ? "" : choice))
                : ("", "");
            Tables.AddRow(table, layer.Expert, layer.Plan.Name,
                string.Create(CultureInfo.InvariantCulture, $"{layer.Plan.OutFeatures}x{layer.Plan.InFeatures}"),
                layer.Precision, rank, method, layer.Plan.Reason, layer.State);
        }
        console.Tables.Write(table);

        int missing = report.Actions.Count(action => action.Outcome == ActionOutcome.Missing);
        console.Out.WriteLine();
        console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{Quantity.Count(report.Actions.Count, "action")}: {missing} to run, {report.Actions.Count - missing} in the store"));
        if (report.Plan.Location.HeadersOnly)
            console.Out.WriteLine("weights were not read: whether any of this is in the store is not known");
        if (report.Plan.Location is { Repository: { } repository, Commit: { } commit })
            console.Out.WriteLine(
                $"{repository} is commit {commit}; weights "
                    + $"{Quantity.Size(report.WeightBytes)}{(report.Plan.Location.Heads is null ? "" : ", not downloaded")}");
        PrintTime(report.Time, console);
        console.Out.WriteLine(
            $"memory {Quantity.Size(report.PeakBytes)}, store grows by {Quantity.Size(report.StoreBytes)}, artifact "
                + $"{Quantity.Size(report.ArtifactBytes)} (predicted)");
        if (report.Device is { } device)
            console.Out.WriteLine(DeviceMemoryText.Of(device));
        if (report.Shards is { } shards)
            PrintShards(shards, report.Time.Threads, console);
    }

    private static void PrintShards(ShardPrediction shards, int threads, ToolConsole console)
    {
        Table table = Tables.Create("", "samples", "layers", "calibrate", "layers take", "fetches", "writes");
        foreach ((string name, Func<IEnumerable<double>, double> of) in ((string, Func<IEnumerable<double>, double>)[])
            [("least", Enumerable.Min), ("mean", Enumerable.Average), ("most", Enumerable.Max), ("all", Enumerable.Sum)])
        {
            Tables.AddRow(table, name, Count(worker => worker.Samples), Count(worker => worker.Layers),
                Time(worker => worker.CalibrateSeconds),
                Time(worker => worker.LayerSeconds), Size(worker => worker.BytesIn), Size(worker => worker.BytesOut));

            string Count(Func<ShardPrediction.Worker, double> value) =>
                of(shards.Workers.Select(value)).ToString("0.#", CultureInfo.InvariantCulture);
            string Time(Func<ShardPrediction.Worker, double> value) =>
                Quantity.Duration(TimeSpan.FromSeconds(of(shards.Workers.Select(value)) / threads));
            string Size(Func<ShardPrediction.Worker, double> value) => Quantity.Size((long)of(shards.Workers.Select(value)));
        }
        console.Out.WriteLine();
        console.Tables.Write(table);
        console.Out.WriteLine();
        console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{Quantity.Count(shards.Workers.Count, "worker")} like this machine, each with {Quantity.Count(threads, "thread")}: balance ")
            + string.Create(CultureInfo.InvariantCulture, $"{shards.Balance:0.00}; the longest sample takes ")
            + $"{Quantity.Duration(TimeSpan.FromSeconds(shards.LongestSample / threads))}, the longest layer "
            + $"{Quantity.Duration(TimeSpan.FromSeconds(shards.LongestChain / threads))} (predicted, from an empty store)");
    }

    private static void PrintTime(TimePrediction time, ToolConsole console)
    {
        Table table = Tables.Create("stage", "actions", "in the store", "to run", "processor time");
        foreach (StageTime stage in time.Stages)
        {
            Tables.AddRow(table, stage.Stage, Number(stage.Actions), Number(stage.Actions - stage.Missing), Number(stage.Missing),
                stage.Missing == 0 ? "" : Quantity.Duration(TimeSpan.FromSeconds(stage.Seconds))
                    + (stage.OnDevice ? " of the device" : ""));
        }
        console.Out.WriteLine();
        console.Tables.Write(table);
        console.Out.WriteLine();
        if (time.Seconds > 0)
            console.Out.WriteLine(
                $"time {Quantity.Duration(TimeSpan.FromSeconds(time.Seconds))} with {Quantity.Count(time.Threads, "thread")} on this "
                    + $"machine when it does nothing else "
                        + $"(predicted{(time.DeviceSeconds > 0 ? ", the device at the speed of its products" : "")})");

        static string Number(int value) => value.ToString(CultureInfo.InvariantCulture);
    }

    /// <summary>Planning has no phases worth showing: only its diagnostics are.</summary>
    private sealed class DiagnosticsOnly(Action<Diagnostic> report) : IBuildObserver
    {
        public void PhaseStarted(string name, int actions)
        {
        }

        public void ActionStarted(ActionSpec action)
        {
        }

        public void ActionFinished(ActionEvent action)
        {
        }

        public void Waiting(ActionSpec action)
        {
        }

        public void Report(Diagnostic diagnostic) => report(diagnostic);
    }
}
