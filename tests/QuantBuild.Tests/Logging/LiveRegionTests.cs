using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using QuantBuild.Compiler.Actions;
using QuantBuild.Compiler.Stages;
using QuantBuild.Tool.Logging;
using Spectre.Console;

namespace QuantBuild.Tests.Logging;

public sealed partial class LiveRegionTests
{
    [Theory]
    [InlineData(20, 24)]
    [InlineData(44, 12)]
    [InlineData(80, 24)]
    [InlineData(140, 50)]
    public void Lines_stay_inside_the_terminal(int width, int height)
    {
        (IAnsiConsole terminal, StringWriter written) = Terminal(width, height);

        new LiveRegion(terminal).Draw(LiveTable.Of(Work(), width));

        string[] lines = Lines(written);
        Assert.InRange(lines.Length, 4, height - 1);
        Assert.All(lines, line => Assert.InRange(line.Length, 0, width - 1));
        Assert.StartsWith("Quantize", lines[0], StringComparison.Ordinal);
        Assert.Contains(lines, line => line.StartsWith("Gptq", StringComparison.Ordinal));
        Assert.Equal(width >= 80, lines.Any(line => line.Contains('━', StringComparison.Ordinal)));
    }

    [Fact]
    public void The_next_picture_replaces_the_last_one()
    {
        (IAnsiConsole terminal, StringWriter written) = Terminal(80, 24);
        var region = new LiveRegion(terminal);

        region.Draw(new Spectre.Console.Text("one\ntwo\nthree"));
        written.GetStringBuilder().Clear();
        region.Draw(new Spectre.Console.Text("four"));

        Assert.Equal("\r\e[3Afour\e[K\n\e[J", written.ToString());
    }

    [Fact]
    public void Lines_that_a_narrower_terminal_wrapped_are_replaced_too()
    {
        (IAnsiConsole terminal, StringWriter written) = Terminal(80, 24);
        var region = new LiveRegion(terminal);
        region.Draw(new Spectre.Console.Text(new string('x', 70) + "\n" + new string('y', 30)));
        terminal.Profile.Width = 30;
        written.GetStringBuilder().Clear();

        region.Draw(new Spectre.Console.Text("short"));

        // 70 cells take three rows of 30 cells, 30 take one.
        Assert.Equal("\r\e[4A\e[Jshort\e[K\n\e[J", written.ToString());
    }

    [Fact]
    public void The_last_picture_has_all_stages_and_no_layers()
    {
        (IAnsiConsole terminal, StringWriter written) = Terminal(80, 24);

        new LiveRegion(terminal).Draw(LiveTable.Ended(Work(), 80));

        string[] lines = Lines(written);
        Assert.Equal(["stage", "Gptq", "Clip", "Measure"], lines.Select(line => line.Split(' ')[0]));
        Assert.DoesNotContain("left", lines[0], StringComparison.Ordinal);
        Assert.Matches(@"1/3 +0 +12\.0 s", lines[1]);
    }

    private static BuildProgress Work()
    {
        var progress = new BuildProgress();
        progress.Plan([.. new Stage[] { BuildStages.Gptq, BuildStages.Clip, BuildStages.Measure }.SelectMany(stage => Enumerable.Range(0, 3)
            .Select(block => new PlannedAction(stage.Name, "high_noise", Name(stage, block), 1)))]);
        progress.Begin("Quantize", 9);
        progress.Finish(new ActionEvent(BuildStages.Gptq.Name, "high_noise", Name(BuildStages.Gptq, 0), null, null, ActionOutcome.Ran, 12));
        for (int block = 0; block < 3; block++)
            progress.Begin(new ActionSpec(BuildStages.Clip, NumericProfile.Cpu, "high_noise", Name(BuildStages.Clip, block),
                new JsonObject(), []),
                waits: block == 2);
        return progress;
    }

    private static string Name(Stage stage, int block) =>
        FormattableString.Invariant($"blocks.{block}.cross_attn.k") + (stage == BuildStages.Clip ? "/boundary" : "");

    private static (IAnsiConsole Terminal, StringWriter Written) Terminal(int width, int height)
    {
        var written = new StringWriter { NewLine = "\n" };
        IAnsiConsole terminal = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(written),
            Ansi = AnsiSupport.Yes,
            ColorSystem = ColorSystemSupport.NoColors,
            Interactive = InteractionSupport.Yes,
        });
        (terminal.Profile.Width, terminal.Profile.Height) = (width, height);
        return (terminal, written);
    }

    private static string[] Lines(StringWriter written) =>
        Escapes().Replace(written.ToString(), "").Replace("\r", "", StringComparison.Ordinal).TrimEnd('\n').Split('\n');

    [GeneratedRegex(@"\e\[[0-9;?]*[A-Za-z]")]
    private static partial Regex Escapes();
}
