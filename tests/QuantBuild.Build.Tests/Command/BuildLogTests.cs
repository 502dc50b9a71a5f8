using System.Text.Json;
using QuantBuild.Build.Tests.Infrastructure;

namespace QuantBuild.Build.Tests.Command;

public sealed class BuildLogTests
{
    [Fact]
    public void The_json_log_has_a_line_per_action_and_nothing_else()
    {
        using var model = new ReducedModel();

        ActionLine[] first = ActionLine.Parse(model.Build().Expect(0));
        ActionLine[] second = ActionLine.Parse(model.Build().Expect(0));

        Assert.All(first, action => Assert.True(action.Ran));
        Assert.All(second, action => Assert.Equal("cached", action.Result));
        Assert.All(first, action => Assert.Matches("^[0-9a-f]{64}$", action.Key));
        Assert.All(first, action => Assert.InRange(action.Seconds, 0, 600));
        Assert.Contains(first, action => action is { Stage: "Gptq", Expert: "low_noise", Name: "blocks.0.ffn.2" });
        Assert.Equal(
            ["Clip", "Gptq", "LowRank", "Measure", "Pack", "Smooth", "Trajectory"],
            first.Select(action => action.Stage).Distinct().Order(StringComparer.Ordinal));
        Assert.Equal(first.Select(action => action.Key).Order(StringComparer.Ordinal), second.Select(action => action.Key)
            .Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Plain_text_goes_where_a_pipe_wants_it_and_has_no_escape_sequences()
    {
        using var model = new ReducedModel();
        var terminalLooks = Environments.With(("TERM", "xterm-256color"), ("COLORTERM", "truecolor"), ("GITHUB_ACTIONS", "true"),
            ("FORCE_COLOR", "1"));

        Outcome outcome = Tool.Run(model.Folder, terminalLooks, "build", model.Manifest, "--out", model.Output, "--store", model.Store)
            .Expect(0);

        Assert.DoesNotContain('\e', outcome.Out + outcome.Error);
        Assert.Matches(@"(?m)^Quantize: \d+ of \d+ actions? ran, 0 cached, ", outcome.Error);
        Assert.Matches(@"(?m)^reduced: \d+ actions ran, 0 came from the store$", outcome.Out);
        Assert.Contains(model.Output, outcome.Out, StringComparison.Ordinal);
    }

    [Fact]
    public void Errors_of_the_manifest_are_on_standard_output_with_their_place()
    {
        using var model = new ReducedModel();
        model.Write(ReducedModel.Text().Replace("\"tokensPerStep\"", "\"tokenPerStep\"", StringComparison.Ordinal));

        Outcome text = Tool.Run(model.Folder, "build", "--out", model.Output, "--store", model.Store).Expect(1);
        Outcome json = model.Build().Expect(1);

        Assert.Matches(@"(?m)^.*reduced\.quant\.json\(9,\d+\): error QB1\d\d\d: .*tokensPerStep", text.Out);
        JsonElement diagnostic = json.Lines.Select(line => JsonDocument.Parse(line).RootElement)
            .First(line => line.GetProperty("line").GetInt32() == 9);
        Assert.Equal("error", diagnostic.GetProperty("severity").GetString());
        Assert.StartsWith("QB1", diagnostic.GetProperty("code").GetString(), StringComparison.Ordinal);
        Assert.Equal(model.Manifest, diagnostic.GetProperty("file").GetString());
        Assert.True(diagnostic.GetProperty("column").GetInt32() > 0);
        Assert.Equal($"error {diagnostic.GetProperty("code").GetString()}: {diagnostic.GetProperty("message").GetString()}",
            diagnostic.GetProperty("diagnostic").GetString());
        Assert.False(Directory.Exists(model.Output));
    }

    [Fact]
    public void A_missing_manifest_is_a_diagnostic()
    {
        using var folder = new TemporaryFolder();

        Outcome outcome = Tool.Run(folder.Path, "build", "gone.quant.json", "--out", "x", "--store", "store").Expect(1);

        Assert.Matches(@"gone\.quant\.json.*: error QB1\d\d\d: ", outcome.Out);
    }
}
