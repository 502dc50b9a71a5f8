using System.Globalization;
using System.Text.RegularExpressions;
using QuantBuild.Build.Tests.Infrastructure;

namespace QuantBuild.Build.Tests.Build;

public sealed class ParallelTests
{
    private const string Solution = """
        <Solution>
          <Project Path="Reduced.csproj" />
          <Project Path="other/Other.csproj" />
        </Solution>
        """;

    [Fact]
    public void Projects_of_a_solution_that_build_the_same_model_at_once_do_its_work_once()
    {
        using var project = new ModelProject(properties: $"<QuantCacheRoot>$(MSBuildThisFileDirectory)store</QuantCacheRoot>");
        project.Write("All.slnx", Solution);
        project.Write("other/Other.csproj", File.ReadAllText(project.Model["Reduced.csproj"])
            .Replace("$(MSBuildThisFileDirectory)store", "$(MSBuildThisFileDirectory)../store", StringComparison.Ordinal));
        project.Write("other/reduced.quant.json", ReducedModel.Text());

        Outcome outcome = project.DotNet(project.Model["All.slnx"], "build", ["-m:2"]).Expect(0);

        AssertEveryActionRanOnce(outcome);
        Assert.Equal(ReducedModel.Bytes(project.Artifact),
            ReducedModel.Bytes(project.Model["other", "bin", "Debug", "net10.0", "artifact", "reduced"]));
    }

    [Fact]
    public void Target_frameworks_share_the_work()
    {
        using var project =
            new ModelProject(
                properties: "<TargetPlatformSupported>true</TargetPlatformSupported><TargetPlatformVersionSupported>true</TargetPlatformVersionSupported>");
        project.Edit("<TargetFramework>net10.0</TargetFramework>", "<TargetFrameworks>net10.0;net10.0-custom1.0</TargetFrameworks>");

        Outcome outcome = project.DotNet("build").Expect(0);
        project.DotNet("build", "-question").Expect(0);

        AssertEveryActionRanOnce(outcome);
        Assert.Equal(ReducedModel.Bytes(project.Artifact),
            ReducedModel.Bytes(project.Model["bin", "Debug", "net10.0-custom1.0", "artifact", "reduced"]));
        project.DotNet("build", "-t:QuantClean").Expect(0);
        Assert.False(Directory.Exists(project.Quant));
        Assert.False(Directory.Exists(project.Model["obj", "Debug", "net10.0-custom1.0", "quant"]));
    }

    /// <summary>
    /// Of two builds, whichever came first did an action and the other found it. The last stage finds what the first one did, besides.
    /// </summary>
    private static void AssertEveryActionRanOnce(Outcome outcome)
    {
        (int calibrated, int found) = Actions(outcome, "reduced calibrated");
        (int ran, int stored) = Actions(outcome, "reduced");
        Assert.Equal(calibrated, found);
        Assert.Equal(ran, stored - calibrated - found);
        Assert.True(calibrated > 0 && ran > 0);
    }

    /// <summary>The sums over both builds.</summary>
    private static (int Ran, int Stored) Actions(Outcome outcome, string subject)
    {
        MatchCollection lines = Regex.Matches(outcome.Out, subject + @": (\d+) actions? ran, (\d+) came from the store");
        Assert.Equal(2, lines.Count);
        return (Sum(lines, 1), Sum(lines, 2));
    }

    private static int Sum(MatchCollection lines, int group) =>
        lines.Sum(line => int.Parse(line.Groups[group].Value, CultureInfo.InvariantCulture));
}
