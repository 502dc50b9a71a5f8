using QuantBuild.Build.Tests.Infrastructure;

namespace QuantBuild.Build.Tests.Command;

/// <summary>Standard streams that are closed, full, or that nobody reads.</summary>
public sealed class StreamsTests
{
    public StreamsTests() => Assert.SkipUnless(OperatingSystem.IsLinux(), "a shell closes the streams, and /dev/full is a device of Linux");

    [Theory]
    [InlineData("--help", ">/dev/full", "No space left")]
    [InlineData("--help", ">&-", "it is closed")]
    [InlineData("--help", "| (exec <&-; sleep 1)", "Broken pipe")]
    [InlineData("--version", ">/dev/full", "No space left")]
    [InlineData("explain", ">/dev/full", "No space left")]
    [InlineData("explain", "| head -0", "Broken pipe")]
    [InlineData("explain QB1001 --json", ">&-", "it is closed")]
    [InlineData("doctor --store store", ">/dev/full", "No space left")]
    [InlineData("doctor --store store --json", ">/dev/full", "No space left")]
    [InlineData("cache stat --store store", ">&-", "it is closed")]
    [InlineData("plan gone.quant.json --store store", ">/dev/full", "No space left")]
    public void An_answer_that_is_lost_is_a_failure_and_standard_error_says_so(string command, string redirection, string why)
    {
        using var folder = new TemporaryFolder();

        Outcome outcome = Shell(folder.Path, command, redirection).Expect(1);

        Assert.Contains("error QB0021: standard output could not be written", outcome.Error, StringComparison.Ordinal);
        Assert.Contains(why, outcome.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", outcome.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--nonsense", "2>/dev/full", 2, true)]
    [InlineData("--nonsense", "2>&-", 2, false)]
    [InlineData("--nonsense", "<&- >&- 2>&-", 2, false)]
    [InlineData("explain", "<&- >&- 2>&-", 1, false)]
    [InlineData("doctor --store store", ">/dev/full 2>/dev/full", 1, false)]
    [InlineData("explain QB1001", "2>&-", 0, false)]
    [InlineData("explain QB1001", "2>/dev/full", 0, false)]
    [InlineData("explain nothing", "2>/dev/full", 2, true)]
    public void A_log_that_is_lost_ends_in_an_exit_code_and_standard_output_says_so_where_it_is_for_people(string command,
        string redirection, int code, bool says)
    {
        using var folder = new TemporaryFolder();

        Outcome outcome = Shell(folder.Path, command, redirection).Expect(code);

        Assert.Equal(says, outcome.Out.Contains("error QB0021: standard error could not be written", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("text", ">/dev/full")]
    [InlineData("json", ">/dev/full")]
    [InlineData("json", "| head -1")]
    [InlineData("text", "2>/dev/full")]
    [InlineData("json", "<&- >&- 2>&-")]
    public void A_build_is_done_to_its_end_all_the_same(string log, string redirection)
    {
        using var model = new ReducedModel();

        Shell(model.Folder, $"build '{model.Manifest}' --out out --store store --log {log}", redirection).Expect(1);

        Tool.Run(model.Folder, "verify", "out").Expect(0);
    }

    private static Outcome Shell(string folder, string command, string redirection)
    {
        using var shell = new RunningProcess("bash", ["-c", $"set -o pipefail; dotnet exec '{Repository.Tool}' {command} {redirection}"],
            folder, new Dictionary<string, string?>());
        return shell.Wait();
    }
}
