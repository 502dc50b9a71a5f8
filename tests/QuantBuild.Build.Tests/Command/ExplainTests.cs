using System.Text.Json;
using QuantBuild.Build.Tests.Infrastructure;

namespace QuantBuild.Build.Tests.Command;

public sealed class ExplainTests
{
    [Theory]
    [InlineData("QB1001")]
    [InlineData("qb1001")]
    [InlineData("1001")]
    [InlineData("QB1001:")]
    public void A_code_is_explained_by_its_cause_and_its_cure(string code)
    {
        using var folder = new TemporaryFolder();

        Outcome text = Tool.Run(folder.Path, "explain", code).Expect(0);
        JsonElement json = JsonDocument.Parse(Tool.Run(folder.Path, "explain", code, "--json").Expect(0).Out).RootElement;

        Assert.StartsWith("QB1001  error  ", text.Out, StringComparison.Ordinal);
        Assert.Equal("QB1001", json.GetProperty("code").GetString());
        foreach (string part in (string[])["cause", "cure"])
            Assert.Contains(json.GetProperty(part).GetString()!, text.Out, StringComparison.Ordinal);
    }

    [Fact]
    public void All_codes_are_listed()
    {
        using var folder = new TemporaryFolder();

        string[] lines = Tool.Run(folder.Path, "explain").Expect(0).Lines;
        JsonElement json = JsonDocument.Parse(Tool.Run(folder.Path, "explain", "--json").Expect(0).Out).RootElement;

        Assert.Equal(json.EnumerateArray().Select(row => row.GetProperty("code").GetString()), lines.Select(line => line.Split(' ')[0]));
        Assert.True(lines.Length > 100);
    }

    [Theory]
    [InlineData("QB1010x", "Did you mean QB1010")]
    [InlineData("QB405", "QB4050")]
    [InlineData("QB101", "QB1010")]
    [InlineData("out of memory", "`quantbuild explain` lists all")]
    public void An_unknown_code_is_wrong_usage(string code, string hint)
    {
        using var folder = new TemporaryFolder();

        Assert.Contains(hint, Tool.Run(folder.Path, "explain", code).Expect(2).Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Diagnostics_come_with_their_cure_in_the_log_for_programs_and_when_asked_to_say_more()
    {
        using var folder = new TemporaryFolder();
        string[] command = ["build", "gone.quant.json", "--out", "x", "--store", "store"];

        string[] plain = Tool.Run(folder.Path, command).Expect(1).Lines, verbose = Tool.Run(folder.Path, [.. command, "--verbose"])
            .Expect(1).Lines;
        JsonElement json = JsonDocument.Parse(Tool.Run(folder.Path, [.. command, "--log", "json"]).Expect(1).Lines.Single()).RootElement;

        string cure = json.GetProperty("cure").GetString()!;
        Assert.NotEqual("", json.GetProperty("cause").GetString());
        Assert.Equal([plain.Single(), $"cure: {cure}"], verbose);
    }
}
