using System.Text.Json;
using QuantBuild.Build.Tests.Infrastructure;

namespace QuantBuild.Build.Tests.Command;

public sealed class ResponseFileTests
{
    [Fact]
    public void A_line_is_an_argument_whatever_it_has()
    {
        using var folder = new TemporaryFolder();
        string odd = "a\" --version \"b 'c' \\ @d;#\n.quant.json";
        File.WriteAllText(folder["command.rsp"],
            $"# \"comment\"\n\n\"plan\"\n{JsonSerializer.Serialize(odd)}\n--store\n{folder["st ore"]}\n");

        Outcome outcome = Tool.Run(folder.Path, "@command.rsp").Expect(1);

        Assert.DoesNotContain("0.1.0", outcome.Out, StringComparison.Ordinal);
        Assert.Matches("error QB1001: .*", outcome.Out);
        Assert.Contains("a\" --version \"b 'c' \\ @d;#", outcome.Out, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("@gone.rsp")]
    [InlineData("@broken.rsp")]
    public void A_response_file_that_cannot_be_read_is_wrong_usage(string argument)
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder["broken.rsp"], "\"no end");

        Assert.Contains("cannot be read", Tool.Run(folder.Path, argument).Expect(2).Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Only_the_first_argument_names_one()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder["file"], "--help\n");
        File.WriteAllText(folder["picture.png"], "");

        Outcome manifest = Tool.Run(folder.Path, "plan", "@file", "--store", "store").Expect(1);
        Outcome prompt = Tool.Run(folder.Path, "generate", "--model", "gone", "--image", "picture.png", "--prompt", "@file", "--out",
            "x.png").Expect(1);

        Assert.Contains("@file", manifest.Out, StringComparison.Ordinal);
        Assert.DoesNotContain("Usage", manifest.Out + prompt.Out, StringComparison.Ordinal);
    }
}
