using QuantBuild.Compiler.Diagnostics;
using Spectre.Console;

namespace QuantBuild.Tool.Text;

/// <summary>Tables that read well on a terminal and in a pipe.</summary>
internal static class Tables
{
    /// <summary>An empty table.</summary>
    public static Table Create(params ReadOnlySpan<string> columns)
    {
        var table = new Table { Border = TableBorder.None, UseSafeBorder = true };
        foreach (string column in columns)
            table.AddColumn(
                new TableColumn(new Spectre.Console.Text(PrintableText.Line(column), new Style(decoration: Decoration.Bold))) { Padding =
                    new Padding(0, 0, 2, 0) });
        return table;
    }

    /// <summary>Adds a row of plain text: brackets in names are no markup, and no name does more than be there.</summary>
    public static void AddRow(Table table, params string[] cells) =>
        table.AddRow(cells.Select(cell => new Spectre.Console.Text(PrintableText.Line(cell))));
}
