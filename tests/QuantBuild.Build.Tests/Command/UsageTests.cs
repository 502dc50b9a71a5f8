using QuantBuild.Build.Tests.Infrastructure;

namespace QuantBuild.Build.Tests.Command;

public sealed class UsageTests
{
    [Theory]
    [InlineData]
    [InlineData("--nonsense")]
    [InlineData("build", "a.quant.json")]
    [InlineData("build", "a.quant.json", "--out", "x", "--threads", "-1")]
    [InlineData("build", "a.quant.json", "--out", "x", "--log", "xml")]
    [InlineData("build", "--out", "x")]
    [InlineData("cache", "prune")]
    [InlineData("cache", "prune", "--max-size", "20 apples")]
    [InlineData("cache", "clear")]
    [InlineData("verify")]
    [InlineData("verify", "a.quant.json", "--recompute", "200%")]
    [InlineData("eval", "a.quant.json", "--samples", "0")]
    public void Wrong_usage_returns_2_and_says_so_on_standard_error(params string[] arguments)
    {
        using var folder = new TemporaryFolder();

        Outcome outcome = Tool.Run(folder.Path, Environments.With(("QUANTBUILD_CACHE", folder["store"])), arguments).Expect(2);

        Assert.NotEqual("", outcome.Error.Trim());
    }

    [Fact]
    public void Two_manifests_in_the_folder_must_be_told_apart()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder["a.quant.json"], "{}");
        File.WriteAllText(folder["b.quant.json"], "{}");

        Outcome outcome = Tool.Run(folder.Path, "build", "--out", "x").Expect(2);

        Assert.Contains("a.quant.json, b.quant.json", outcome.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--help", "quantizes")]
    [InlineData("--version", "0.1.0")]
    [InlineData("build --help", "--locked")]
    [InlineData("cache prune --help", "--older-than")]
    public void Help_and_version_are_answers(string arguments, string text)
    {
        using var folder = new TemporaryFolder();

        Outcome outcome = Tool.Run(folder.Path, arguments.Split(' ')).Expect(0);

        Assert.Contains(text, outcome.Out, StringComparison.OrdinalIgnoreCase);
        Assert.Equal("", outcome.Error);
    }
}
