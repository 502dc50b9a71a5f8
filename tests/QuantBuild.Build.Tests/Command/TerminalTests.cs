using System.Text.RegularExpressions;
using QuantBuild.Build.Tests.Infrastructure;

namespace QuantBuild.Build.Tests.Command;

/// <summary>The tool on a pseudo terminal, which the program <c>script</c> provides.</summary>
public sealed partial class TerminalTests
{
    [Fact]
    public void A_terminal_gets_a_table_of_stages_in_colour_and_the_answer_below()
    {
        using var model = new ReducedModel();

        string screen = Run(model, "");

        Assert.Matches(Colour(), screen);
        string[] lines = Lines(screen);
        int table = Array.FindLastIndex(lines, line => line.StartsWith("stage ", StringComparison.Ordinal));
        Assert.Equal(["Trajectory", "Smooth", "LowRank", "Gptq", "Clip", "Measure", "Pack"],
            lines[(table + 1)..(table + 8)].Select(line => line.Split(' ')[0]));
        Assert.Single(lines[(table + 8)..], line => AnswerLine().IsMatch(line));
    }

    [Fact]
    public void No_color_leaves_no_colour()
    {
        using var model = new ReducedModel();

        string screen = Run(model, "NO_COLOR=1");

        Assert.Contains("\e[K", screen, StringComparison.Ordinal);
        Assert.DoesNotMatch(Colour(), screen);
    }

    [Fact]
    public void Errors_are_the_last_lines_and_whole_however_narrow_the_terminal_is()
    {
        using var model = new ReducedModel();
        model.Write(ReducedModel.Text()
            .Replace("\"overrides\":", "\"gates\": { \"maxRelativeError\": 0.0001 },\n  \"overrides\":", StringComparison.Ordinal));

        string[] lines = Lines(Run(model, "", columns: 40));

        string[] errors = [.. lines.SkipWhile(line => !line.Contains("QB3301", StringComparison.Ordinal))];
        Assert.Equal(4, errors.Length);
        Assert.All(errors, line => Assert.Matches(@"reduced\.quant\.json\(15,\d+\): error QB3301: .+ 0\.0001", line));
    }

    [Fact]
    public void A_log_for_programs_has_no_display()
    {
        using var model = new ReducedModel();

        string screen = Run(model, "", more: "--log json");

        Assert.DoesNotContain("\e[K", screen, StringComparison.Ordinal);
        Assert.All(Lines(screen).Where(line => line.StartsWith('{')), line => Assert.EndsWith("}", line, StringComparison.Ordinal));
    }

    /// <summary>Everything that a build writes to a terminal.</summary>
    private static string Run(ReducedModel model, string environment, int columns = 80, string more = "")
    {
        string script = Path.Combine("/usr", "bin", "script");
        Assert.SkipUnless(File.Exists(script), "no program 'script' here, which makes pseudo terminals");
        string command =
            FormattableString
            .Invariant($"stty cols {columns} rows 24; exec env {environment} dotnet exec '{Repository.Tool}' build '{model.Manifest}' --out '{model.Output}' --store '{model.Store}' {more}");
        using var process = new RunningProcess(script, ["-qec", command, "/dev/null"], model.Folder,
            Environments.With(("TERM", "xterm-256color"), ("NO_COLOR", null), ("CI", null), ("GITHUB_ACTIONS", null), ("TF_BUILD", null)));
        return process.Wait().Out;
    }

    /// <summary>All that was written, without escape sequences: every picture of the display, the last one last.</summary>
    private static string[] Lines(string screen) =>
        [.. Escapes().Replace(screen, "").Split('\n', '\r').Select(line => line.TrimEnd()).Where(line => line.Length > 0)];

    [GeneratedRegex(@"\e\[(3[0-7]|38;[0-9;]+|9[0-7])m")]
    private static partial Regex Colour();

    [GeneratedRegex(@"^reduced: \d+ actions ran, 0 came from the store$")]
    private static partial Regex AnswerLine();

    [GeneratedRegex(@"\e\[[0-9;?]*[A-Za-z]")]
    private static partial Regex Escapes();
}
