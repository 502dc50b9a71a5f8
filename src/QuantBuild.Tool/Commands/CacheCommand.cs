using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using QuantBuild.Compiler.Store;
using QuantBuild.Tool.Running;
using QuantBuild.Tool.Streams;
using QuantBuild.Tool.Text;
using Spectre.Console;

namespace QuantBuild.Tool.Commands;

/// <summary><c>quantbuild cache</c>: the store, looked at and cleaned.</summary>
internal static class CacheCommand
{
    private static readonly Option<long> MaxSize = new("--max-size")
    {
        Description = "Keep at most this much, such as 20GiB; what was used last stays longest.",
        HelpName = "size",
        Required = true,
        CustomParser = result => Parse(result, Quantity.TryParseSize, "a size such as 20GiB", out long bytes) ? bytes : 0,
    };

    private static readonly Option<TimeSpan?> OlderThan = new("--older-than")
    {
        Description = "Also remove what no build has used for this long, such as 30d or 12h.",
        HelpName = "age",
        CustomParser = result => Parse(result, Quantity.TryParseDuration, "an age such as 30d, 12h or 45min", out TimeSpan age)
            ? age
            : null,
    };

    private static readonly Option<bool> Yes = new("--yes") { Description = "Do not ask." };

    private delegate bool TryParse<T>(string text, out T value);

    public static Command Create(Session session) =>
        new("cache", "Look at the store of finished work, check it and clean it. Builds may run meanwhile.")
    {
        Sub(session, "stat", "Show what the store holds.", [], (_, run, store) =>
        {
            Print(store.Statistics(), store.Root, run.Console);
            return ExitCode.Done;
        }),
        Sub(session, "verify", "Read and hash everything; what is damaged is removed and will be made again.", [], (_, run, store) =>
            Verify(run, store)),
        Sub(session, "prune", "Remove what was not used for longest until the rest fits.", [MaxSize, OlderThan], (arguments, run, store) =>
        {
            Print(store.Prune(arguments.GetRequiredValue(MaxSize), arguments.GetValue(OlderThan)), run.Answer);
            return ExitCode.Done;
        }),
        Sub(session, "clear", "Remove everything.", [Yes], (arguments, run, store) => Clear(arguments.GetValue(Yes), run, store)),
        Sub(session, "dir", "Print the store's folder.", [], (_, run, store) =>
        {
            run.Answer.WriteLine(store.Root);
            return ExitCode.Done;
        }),
    };

    private static Command Sub(Session session, string name, string description, Option[] options,
        Func<ParseResult, CommandRun, ContentStore, int> body)
    {
        var command = new Command(name, description) { CommonOptions.Store };
        foreach (Option option in options)
            command.Add(option);
        command.SetAction(arguments => session.Run(arguments, run =>
        {
            using var store = ContentStore.Open(arguments.GetValue(CommonOptions.Store) ?? ContentStore.DefaultRoot());
            store.Notice = run.Report;
            return body(arguments, run, store);
        }));
        return command;
    }

    private static int Verify(CommandRun run, ContentStore store)
    {
        VerifyResult result = store.Verify(ct: run.Cancellation);
        foreach (Digest damaged in result.Damaged)
            run.Answer.WriteLine($"damaged, removed: {damaged}");
        run.Answer.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{Quantity.Count(result.Blobs, "file")}, {Quantity.Size(result.Bytes)} read: {result.Damaged.Length} damaged; "
                + $"{Quantity.Count(result.RemovedActions, "action")} will run again"));
        return result.Damaged.Length == 0 ? ExitCode.Done : ExitCode.Failed;
    }

    private static int Clear(bool agreed, CommandRun run, ContentStore store)
    {
        if (!agreed)
        {
            if (Console.IsInputRedirected || Console.IsOutputRedirected)
                throw new UsageException("Add --yes to clear the store without being asked.");
            run.Console.Out.Write($"Remove everything in {store.Root}? [y/N] ");
            if (Console.ReadLine()?.Trim() is not ("y" or "Y" or "yes"))
                return ExitCode.Done;
        }
        Print(store.Clear(), run.Answer);
        return ExitCode.Done;
    }

    private static void Print(StoreStatistics statistics, string root, ToolConsole console)
    {
        Table table = Tables.Create("stage", "actions", "size", "time saved when cached");
        foreach (StageStatistics stage in statistics.Stages)
        {
            Tables.AddRow(table, stage.Stage, stage.Actions.ToString(CultureInfo.InvariantCulture), Quantity.Size(stage.Bytes),
                Quantity.Duration(TimeSpan.FromSeconds(stage.Seconds)));
        }
        console.Out.WriteLine(root);
        console.Tables.Write(table);
        console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{Quantity.Count(statistics.Actions, "action")}, {Quantity.Count(statistics.Blobs, "file")}, "
                + $"{Quantity.Size(statistics.BlobBytes)}; {Quantity.Size(statistics.OrphanBytes + statistics.TemporaryBytes)} belong "
                    + $"to no action"));
    }

    private static void Print(PruneResult result, TextWriter answer) => answer.WriteLine(string.Create(CultureInfo.InvariantCulture,
        $"removed {Quantity.Count(result.RemovedActions, "action")} and {Quantity.Count(result.RemovedBlobs, "file")}, "
            + $"{Quantity.Size(result.RemovedBytes)}; {Quantity.Count(result.RemainingActions, "action")}, "
                + $"{Quantity.Size(result.RemainingBytes)} remain"));

    private static bool Parse<T>(ArgumentResult result, TryParse<T> parse, string expected, out T value)
    {
        string text = result.Tokens[0].Value;
        if (parse(text, out value))
            return true;
        result.AddError($"'{text}' is not {expected}.");
        return false;
    }
}
