using QuantBuild.Compiler.Actions;
using QuantBuild.Compiler.Stages;

namespace QuantBuild.Tests.Stages;

public sealed class StagesPageTests
{
    private const string Head =
        "| stage | one action per | options in the key | inputs in the key | output | compared where bytes may differ |";

    [Fact]
    public void The_table_of_stages_is_what_their_declarations_say()
    {
        string path = Path.Combine(TestData.Root, "docs", "stages.md"), page = File.ReadAllText(path);
        int start = page.IndexOf(Head, StringComparison.Ordinal), end = page.IndexOf("\n\n", start, StringComparison.Ordinal);
        string table = string.Join('\n', [Head, "|---|---|---|---|---|---|", .. BuildStages.All.Select(Row)]);
        if (Environment.GetEnvironmentVariable("QUANTBUILD_UPDATE_DOCS") == "1")
            File.WriteAllText(path, page = page[..start] + table + page[end..]);

        Assert.Contains(table + "\n\n", page, StringComparison.Ordinal);
    }

    [Fact]
    public void Names_of_stages_and_of_their_options_are_unique()
    {
        Assert.Distinct(BuildStages.All.Select(stage => stage.Name));
        Assert.All(BuildStages.All, stage => Assert.Distinct(stage.Options.Select(option => option.Name)));
    }

    private static string Row(Stage stage) =>
        $"| {stage.Name} | {stage.Text.Per} | {string.Join(", ", stage.Options.Select(option => option.Name))} | {stage.Text.Inputs} | "
            + $"{stage.Text.Output} | {TextOf(stage)} |";

    private static string TextOf(Stage stage) => stage.Group == ComputeGroup.Fixed ? "bytes"
        : stage.Tolerance is { } tolerance ? FormattableString.Invariant($"{tolerance.What}, {tolerance.Share * 100:0} %")
        : "nothing";
}
