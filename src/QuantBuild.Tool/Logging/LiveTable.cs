using System.Globalization;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Stages;
using QuantBuild.Tool.Text;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace QuantBuild.Tool.Logging;

/// <summary>A picture of the work: the stages, and the layers that are being worked on.</summary>
internal static class LiveTable
{
    private const int BarWidth = 20;
    private const int MostLayers = 8;
    private const int TimeWidth = 8;

    // Where a terminal is too narrow for all columns, less important ones are left out.
    private const int WidthWithBar = 72;
    private const int WidthWithWork = 50;

    private static readonly TimeSpan Least = TimeSpan.FromSeconds(0.1);

    private static readonly Style Faint = new(Color.Grey);
    private static readonly Style Good = new(Color.Green);

    /// <summary>While the work goes on.</summary>
    /// <param name="progress">The work.</param>
    /// <param name="width">Cells of the terminal.</param>
    public static IRenderable Of(BuildProgress progress, int width)
    {
        var rows = new List<IRenderable> { Headline(progress) };
        if (progress.Stages.Count > 0)
            rows.AddRange([Spectre.Console.Text.Empty, Stages(progress, width, ended: false)]);
        if (progress.Running.Count > 0)
            rows.AddRange([Spectre.Console.Text.Empty, Layers(progress, width)]);
        return new Rows(rows);
    }

    /// <summary>When it has ended: the stages alone.</summary>
    /// <param name="progress">The work.</param>
    /// <param name="width">Cells of the terminal.</param>
    public static IRenderable Ended(BuildProgress progress, int width) =>
        progress.Stages.Count == 0 ? new Rows() : Stages(progress, width, ended: true);

    private static Spectre.Console.Text Headline(BuildProgress progress) => new Spectre.Console.Text(
        $"{PrintableText.Line(progress.Phase ?? "Starting")}  "
            + $"{Quantity.Duration(progress.Elapsed)}{(progress.Left is { } left ? $", about {Quantity.Duration(left)} left" : "")}");

    private static Table Stages(BuildProgress progress, int width, bool ended)
    {
        // Widths that do not change while numbers grow: nothing jumps.
        int counts = progress.Stages.Max(stage => Counts(stage.Actions, stage).Length),
            names = progress.Stages.Max(stage => stage.Name.Length);
        var columns = new List<Column> { new("stage", names, Right: false, stage => new(stage.Name)) };
        if (width >= WidthWithBar)
            columns.Add(new("", BarWidth, Right: false, Bar));
        columns.Add(new("done", counts, Right: true, stage => new(Counts(stage.Finished, stage))));
        columns.Add(new("cached", 6, Right: true, stage => new(Number(stage.Cached))));
        if (width >= WidthWithWork)
            columns.Add(new("work", TimeWidth, Right: true, stage => new(stage.Ran == 0 ? "" : Time(TimeSpan.FromSeconds(stage.Work)))));
        if (!ended)
            columns.Add(new("left", TimeWidth, Right: true, stage =>
                new(stage.Finished < stage.Actions && progress.LeftOf(stage) is { } left ? Time(left) : "")));
        Table table = Empty([.. columns.Select(column => (column.Name, column.Width, column.Right))]);
        foreach (StageProgress stage in progress.Stages)
            table.AddRow(columns.Select(column => column.Cell(stage)));
        return table;
    }

    private static Rows Layers(BuildProgress progress, int width)
    {
        RunningAction[] shown = [.. progress.Running.Take(MostLayers)];
        (int subject, int step) = width >= WidthWithBar ? (30, 10) : (0, 0);
        Table table =
            Empty([("working on", Math.Max(subject, shown.Max(action => action.Subject.Length)), false),
                ("stage", Math.Max(step, shown.Max(action => StepOf(action).Length)), false),
            ("for", TimeWidth, true), ("left", TimeWidth, true)]);
        foreach (RunningAction action in shown)
            table.AddRow(new Paragraph(PrintableText.Line(action.Subject)), new Paragraph(StepOf(action)),
                new Paragraph(Time(action.Elapsed)), new Paragraph(progress.LeftOf(action) is { } left ? Time(left) : ""));
        string more = progress.Running.Count > MostLayers
            ? string.Create(CultureInfo.InvariantCulture, $"and {progress.Running.Count - MostLayers} others; ")
            : "";
        // Measuring is the last that happens to a layer.
        string layers = progress.Stages.FirstOrDefault(stage => stage.Name == BuildStages.LastOfLayer.Name) is { } measured
            ? string.Create(CultureInfo.InvariantCulture, $"{measured.Finished} of {Quantity.Count(measured.Actions, "layer")} done") : "";
        return new Rows(table, new Spectre.Console.Text(more + layers, Faint));
    }

    private static Table Empty(IReadOnlyList<(string Name, int Width, bool Right)> columns)
    {
        var table = new Table { Border = TableBorder.None, UseSafeBorder = true };
        foreach ((string name, int width, bool right) in columns)
        {
            table.AddColumn(new TableColumn(new Spectre.Console.Text(name, Faint))
            {
                Padding = new Padding(0, 0, 2, 0), Width = Math.Max(width, name.Length), NoWrap = true, Alignment = right
                    ? Justify.Right
                    : Justify.Left,
            });
        }
        return table;
    }

    private static Paragraph Bar(StageProgress stage)
    {
        int full = stage.Actions == 0 ? 0 : (int)((long)BarWidth * stage.Finished / stage.Actions);
        return new Paragraph(new string('━', full), Good).Append(new string('─', BarWidth - full), Faint);
    }

    private static string StepOf(RunningAction action) => action.Waits ? $"{action.Step}, by another build" : action.Step;

    private static string Counts(int finished, StageProgress stage) =>
        string.Create(CultureInfo.InvariantCulture, $"{finished}/{stage.Actions}");

    private static string Number(int value) => value.ToString(CultureInfo.InvariantCulture);

    /// <summary>A duration; what is next to nothing is still something.</summary>
    private static string Time(TimeSpan time) => Quantity.Duration(time < Least ? Least : time);

    private sealed record Column(string Name, int Width, bool Right, Func<StageProgress, Paragraph> Cell);
}
