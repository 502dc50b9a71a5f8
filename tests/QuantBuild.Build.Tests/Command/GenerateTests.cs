using QuantBuild.Build.Tests.Infrastructure;

namespace QuantBuild.Build.Tests.Command;

public sealed class GenerateTests
{
    private static readonly string Model = Path.Combine(Repository.Root, "models", "TinyWan");

    private static readonly string[] Short =
    [
        "--model", Model, "--image", Path.Combine(Model, "eval", "images", "001.png"), "--prompt", "a big purple star moves right",
        "--frames", "5", "--size", "96x64", "--steps", "2", "--threads", "1",
    ];

    [Fact]
    public void A_video_a_folder_of_frames_and_a_contact_sheet_are_written()
    {
        using var folder = new TemporaryFolder();

        Outcome animation = Tool.Run(folder.Path, ["generate", .. Short, "--out", "video.png", "--sheet", "sheet.png"]).Expect(0);
        Tool.Run(folder.Path, ["generate", .. Short, "--out", "frames"]).Expect(0);

        Assert.Equal("video.png", animation.Out.Trim());
        Assert.Contains("denoise: 2 in", animation.Error, StringComparison.Ordinal);
        Assert.True(new FileInfo(folder["sheet.png"]).Length > 0);
        Assert.Equal(["0000.png", "0001.png", "0002.png", "0003.png", "0004.png"], Directory.GetFiles(folder["frames"])
            .Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("--image", "missing.png", "missing.png")]
    [InlineData("--model", "nowhere", "high_noise_model")]
    [InlineData("--frames", "6", "6 frames")]
    [InlineData("--frames", "100001", "100001 frames")]
    [InlineData("--artifact", "nowhere", "nowhere")]
    [InlineData("--size", "16384x16384", "--vae-tile 256")]
    public void What_cannot_be_made_is_a_diagnostic(string option, string value, string expected)
    {
        using var folder = new TemporaryFolder();
        string[] arguments = [.. Short];
        int index = Array.IndexOf(arguments, option);
        if (index >= 0)
            arguments[index + 1] = value;
        else
            arguments = [.. arguments, option, value];

        Outcome outcome = Tool.Run(folder.Path, ["generate", .. arguments, "--out", "video.png"]).Expect(1);

        Assert.Contains("QB3401", outcome.Out, StringComparison.Ordinal);
        Assert.Contains(expected, outcome.Out, StringComparison.Ordinal);
        Assert.False(File.Exists(folder["video.png"]));
    }

    [Theory]
    [InlineData("--size", "96")]
    [InlineData("--steps", "0")]
    [InlineData("--steps", "1001")]
    [InlineData("--out", "video.avi")]
    [InlineData("--guidance", "nan")]
    [InlineData("--guidance", "3,4,5")]
    [InlineData("--shift", "0")]
    [InlineData("--fps", "2000")]
    [InlineData("--sheet", "sheet.jpg")]
    public void Wrong_usage_returns_2_before_any_work(string option, string value)
    {
        using var folder = new TemporaryFolder();
        string[] arguments = ["generate", .. Short, "--out", "video.png"];
        int index = Array.IndexOf(arguments, option);
        if (index >= 0)
            arguments[index + 1] = value;
        else
            arguments = [.. arguments, option, value];

        Outcome outcome = Tool.Run(folder.Path, arguments).Expect(2);

        Assert.DoesNotContain("encode", outcome.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--out")]
    [InlineData("--sheet")]
    public void A_place_that_cannot_be_written_to_is_told_before_any_work(string option)
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder["file"], "");
        string inFile = Path.Combine(folder["file"], "video.png");

        Outcome outcome =
            Tool.Run(folder.Path,
                ["generate", .. Short, .. option == "--out" ? (string[])["--out", inFile] : ["--out", "video.png", "--sheet", inFile]])
                    .Expect(1);

        Assert.Contains("QB3401", outcome.Out, StringComparison.Ordinal);
        Assert.DoesNotContain("encode", outcome.Error, StringComparison.Ordinal);
        Assert.Equal(["file"], Directory.GetFileSystemEntries(folder.Path).Select(Path.GetFileName));
    }

    [Fact]
    public void Guidance_may_differ_between_the_experts()
    {
        using var folder = new TemporaryFolder();
        byte[] Guided(string guidance)
        {
            Tool.Run(folder.Path, ["generate", .. Short, "--guidance", guidance, "--out", "video.png"]).Expect(0);
            return File.ReadAllBytes(folder["video.png"]);
        }

        byte[] both = Guided("2");

        Assert.Equal(both, Guided("2,2"));
        Assert.NotEqual(both, Guided("2,1"));
        Assert.NotEqual(both, Guided("1,2"));
    }
}
