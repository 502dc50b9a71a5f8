using System.Globalization;
using QuantBuild.Build.Tests.Infrastructure;

namespace QuantBuild.Build.Tests.Command;

public sealed class PrepareTests
{
    private static readonly string Model = Path.Combine(Repository.Root, "models", "TinyWan");

    [Fact]
    public void The_calibration_set_comes_out_of_its_pictures_and_prompts()
    {
        using var folder = new TemporaryFolder();
        File.Copy(Path.Combine(Model, "calibration.jsonl"), folder["calibration.jsonl"]);
        Directory.CreateSymbolicLink(folder["calibration"], Path.Combine(Model, "calibration"));

        Tool.Run(folder.Path, "prepare", "calibration.jsonl", "--model", Model).Expect(0);

        string made = Tool.Run(folder.Path, "inspect", "calibration.safetensors").Expect(0).Out;
        string recorded = Tool.Run(Model, "inspect", "calibration.safetensors").Expect(0).Out;
        foreach (string tensor in (string[])["sample.000.y", "sample.011.noise", "sample.005.context", "null_context"])
            Assert.Equal(Shape(recorded, tensor), Shape(made, tensor));
        Assert.Equal(new FileInfo(Path.Combine(Model, "calibration.safetensors")).Length,
            new FileInfo(folder["calibration.safetensors"]).Length, 64.0);
    }

    [Theory]
    [InlineData("""{"id": 0, "prompt": "a star", "seed": 1}""", "\"image\"")]
    [InlineData("""{"id": 0, "prompt": "a star", "image": "x.png"}""", "\"seed\"")]
    [InlineData("[]", "'the line' must be an object")]
    public void A_line_without_what_a_sample_needs_is_told_with_its_place(string line, string expected)
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder["set.jsonl"], "\n" + line);

        Outcome outcome = Tool.Run(folder.Path, "prepare", "set.jsonl", "--model", Model).Expect(1);

        Assert.Contains(string.Create(CultureInfo.InvariantCulture, $"set.jsonl({2},1): error QB3102"), outcome.Out,
            StringComparison.Ordinal);
        Assert.Contains(expected, outcome.Out, StringComparison.Ordinal);
        Assert.False(File.Exists(folder["set.safetensors"]));
    }

    [Fact]
    public void Samples_that_the_machine_cannot_make_are_refused_at_their_lines_before_any_work()
    {
        using var folder = new TemporaryFolder();
        File.Copy(Path.Combine(Model, "calibration", "images", "000.png"), folder["ok.png"]);
        File.WriteAllText(folder["set.jsonl"], """
            {"id":0,"prompt":"a star","seed":1,"image":"ok.png","frames":5,"width":96,"height":64}
            {"id":1,"prompt":"a star","seed":1,"image":"ok.png","frames":81,"width":16384,"height":16384}
            {"id":2,"prompt":"a star","seed":1,"image":"ok.png","frames":65533,"width":16384,"height":16384}
            """);

        Outcome outcome = Tool.Run(folder.Path, "prepare", "set.jsonl", "--model", Model).Expect(1);

        Assert.Contains("set.jsonl(2,1): error QB3122", outcome.Out, StringComparison.Ordinal);
        Assert.Contains("set.jsonl(3,1): error QB3122", outcome.Out, StringComparison.Ordinal);
        Assert.DoesNotContain("--", outcome.Out, StringComparison.Ordinal);
        Assert.DoesNotContain("sample 0:", outcome.Error, StringComparison.Ordinal);
    }

    private static string Shape(string listing, string tensor) =>
        listing.Split('\n').Single(line => line.Contains(tensor + " ", StringComparison.Ordinal));
}
