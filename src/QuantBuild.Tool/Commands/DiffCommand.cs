using System.CommandLine;
using System.Globalization;
using QuantBuild.Compiler.Differences;
using QuantBuild.Compiler.Store;
using QuantBuild.Tool.Running;
using QuantBuild.Tool.Streams;
using QuantBuild.Tool.Text;
using Spectre.Console;

namespace QuantBuild.Tool.Commands;

/// <summary><c>quantbuild diff</c>: what two builds have not in common, and what that did to errors and size.</summary>
internal static class DiffCommand
{
    private const int Shown = 25;

    private static readonly Argument<string[]> Builds = new("builds")
    {
        Description =
            "Two of: an artifact's folder, a lock file, a manifest (for the lock file beside it). One manifest, or nothing: its last "
                + "build and the one before.",
        HelpName = "[<before> <after>]",
        Arity = new ArgumentArity(0, 2),
    };

    private static readonly Option<bool> Markdown =
        new("--markdown") { Description = "Answer in Markdown, for the comment of a pull request." };

    private static readonly Option<bool> All =
        new("--all") { Description =
            string.Create(CultureInfo.InvariantCulture,
                $"List every layer that differs, not only the {Shown} whose errors changed most.") };

    public static Command Create(Session session)
    {
        var command = new Command("diff", "Compare two builds: which layers differ and why, their errors before and after, and the size.")
        {
            Builds,
            CommonOptions.Json,
            Markdown,
            All,
            CommonOptions.Store,
        };
        command.SetAction(arguments => session.Run(arguments, run =>
        {
            string[] builds = arguments.GetValue(Builds) ?? [];
            using var store = ContentStore.Open(arguments.GetValue(CommonOptions.Store) ?? ContentStore.DefaultRoot());
            BuildDifference difference = builds.Length == 2
                ? Snapshots.Compare(builds[0], builds[1], store)
                : Snapshots.OfHistory(CommonOptions.ManifestOf(builds.FirstOrDefault()), store);
            if (arguments.GetValue(CommonOptions.Json))
                JsonReport.Write(run.Answer, DifferenceDocument.Of(difference));
            else if (arguments.GetValue(Markdown))
                run.Answer.Write(DifferenceMarkdown.Render(difference));
            else
                Print(difference, arguments.GetValue(All) ? int.MaxValue : Shown, run.Console);
            return ExitCode.Done;
        }));
        return command;
    }

    private static void Print(BuildDifference difference, int rows, ToolConsole console)
    {
        if (!difference.Layers.IsEmpty)
        {
            Table table = Tables.Create("expert", "layer", "before", "after", "change", "size before", "after", "why");
            foreach (LayerDifference layer in difference.Layers.Take(rows))
                Tables.AddRow(table, layer.Expert, layer.Layer, Number(layer.ErrorBefore), Number(layer.ErrorAfter),
                    Part(layer.ErrorBefore, layer.ErrorAfter), Size(layer.BytesBefore), Size(layer.BytesAfter), layer.Why);
            console.Tables.Write(table);
            if (difference.Layers.Length > rows)
                console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"and {difference.Layers.Length - rows} more: --all"));
            console.Out.WriteLine();
        }
        console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{difference.Before.Name} -> {difference.After.Name}: {difference.Layers.Length} of {difference.LayerCount} layers differ"));
        console.Out.WriteLine(
            $"  mean error  {Number(difference.MeanErrorBefore)} -> {Number(difference.MeanErrorAfter)}  "
                + $"{Part(difference.MeanErrorBefore, difference.MeanErrorAfter)}".TrimEnd());
        console.Out.WriteLine(
            $"  size        {Size(difference.BytesBefore)} -> {Size(difference.BytesAfter)}  "
                + $"{Part(difference.BytesBefore, difference.BytesAfter)}".TrimEnd());
    }

    private static string Number(double? value) => value?.ToString("0.0000", CultureInfo.InvariantCulture) ?? "?";

    private static string Size(long? bytes) => bytes is { } known ? Quantity.Size(known) : "?";

    private static string Part(double? before, double? after) =>
        before > 0 && after is { } now ? ((now / before.Value) - 1).ToString("+0.0%;-0.0%;0.0%", CultureInfo.InvariantCulture) : "";
}
