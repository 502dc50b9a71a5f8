using System.CommandLine;
using System.Globalization;
using QuantBuild.Compiler.Actions;
using QuantBuild.Compiler.Build;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Operations;
using QuantBuild.Tool.Running;
using QuantBuild.Tool.Streams;

namespace QuantBuild.Tool.Commands;

/// <summary><c>quantbuild why</c>: which part of a key made a layer's work necessary.</summary>
internal static class WhyCommand
{
    private static readonly Argument<string[]> Arguments = new("what")
    {
        Description = "The layer, such as blocks.3.ffn.2; before it the manifest, unless it is the only one of the current folder.",
        HelpName = "[<manifest>] <layer>",
        Arity = new ArgumentArity(1, 2),
    };

    public static Command Create(Session session)
    {
        var command =
            new Command("why", "Say why a layer's work runs, or ran, again: which parts of its keys changed since the last build.")
        {
            Arguments,
            CommonOptions.Store,
            CommonOptions.Threads,
        };
        command.SetAction(arguments => session.Run(arguments, run =>
        {
            string[] what = arguments.GetRequiredValue(Arguments);
            var options = new CompileOptions(CommonOptions.ManifestOf(what.Length == 2 ? what[0] : null),
                arguments.GetValue(CommonOptions.Store), arguments.GetValue(CommonOptions.Threads));
            foreach (WhyReport report in ModelCompiler.Why(options, what[^1], run.Cancellation))
                Print(report, run.Answer);
            return ExitCode.Done;
        }));
        return command;
    }

    private static void Print(WhyReport report, TextWriter answer)
    {
        answer.WriteLine($"{report.Expert} {report.Layer}");
        // Twelve samples that all come from the store are one line, not twelve.
        foreach (IGrouping<(string Stage, string State, string Reason, string Changes), WhyReport.Action> group in report.Actions
            .GroupBy(action => (action.Now.Stage, StateOf(action), ReasonOf(action), string.Concat(action.Changes.Select(LineOf)))))
        {
            string count = group.Count() > 1
                ? string.Create(CultureInfo.InvariantCulture, $"{group.Count()} actions")
                : group.Single().Now.Key?.Short ?? "";
            answer.WriteLine($"  {group.Key.Stage,-10}  {count,-12}  {group.Key.State,-6}  {group.Key.Reason}");
            answer.Write(group.Key.Changes);
        }
    }

    private static string StateOf(WhyReport.Action action) => action.Now.Outcome == ActionOutcome.Missing ? "to run" : "cached";

    private static string ReasonOf(WhyReport.Action action) => action switch
    {
        { Now.Key: null } => "waits for an action before it",
        { IsNew: true } => "no earlier build had it",
        { Changes.Count: 0 } => "nothing changed",
        _ => "changed:",
    };

    private static string LineOf(WhyReport.Change change) =>
        PrintableText.Line($"    {change.Part}: {change.Before ?? "(nothing)"} became {change.After ?? "(nothing)"}") + Environment.NewLine;
}
