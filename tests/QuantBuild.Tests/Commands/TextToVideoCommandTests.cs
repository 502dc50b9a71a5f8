using System.Globalization;
using System.Text.Json.Nodes;
using QuantBuild.Tests.Models.Wan;
using QuantBuild.Tests.Stages;
using QuantBuild.Tool;
using QuantBuild.Tool.Running;

namespace QuantBuild.Tests.Commands;

/// <summary>The commands on a text-to-video model, as they are typed.</summary>
public sealed class TextToVideoCommandTests : IDisposable
{
    private readonly TinyProject _project = new() { Architecture = "wan2.2-t2v", Steps = "\"steps\": 8", Samples = 1 };
    private readonly string[] _store;

    public TextToVideoCommandTests()
    {
        _store = ["--store", _project.Store];
        _project.Checkpoint = TextToVideoCheckpoint.Write(Path.Combine(_project.Root, "weights"));
        _project.Calibration = TextToVideoCheckpoint.WriteSet(Path.Combine(_project.Root, "set.jsonl"), "a red star");
        _project.WriteManifest();
    }

    private static string Picture => TestData.TinyWan("eval", "images", "001.png");

    [Fact]
    public void It_is_built_evaluated_reported_and_makes_videos()
    {
        string artifact = Path.Combine(_project.Root, "out"), video = PathOf("video.png");
        Run(0, ["build", _project.Manifest, "--out", artifact, .. _store]);
        string evaluated = Run(0, ["eval", _project.Manifest, "--data", _project.Calibration, .. _store]);
        Assert.Contains("psnr (in dB)", evaluated, StringComparison.Ordinal);
        Run(0, ["report", _project.Manifest, "--out", PathOf("page.html"), .. _store]);
        Assert.Contains("wan2.2-t2v", File.ReadAllText(PathOf("page.html")), StringComparison.Ordinal);
        Run(0, ["gates", _project.Manifest, .. _store]);
        Assert.Contains("wan2.2-t2v", Run(0, "inspect", artifact), StringComparison.Ordinal);

        string[] small = ["--prompt", "a red star", "--frames", "5", "--size", "64x48", "--threads", "2"];
        string made = Run(0, ["generate", "--model", _project.Checkpoint, "--artifact", artifact, .. small, "--out", video]);
        Assert.Contains("unipc, 8 steps, shift 12, guidance 4, 3", made, StringComparison.Ordinal);
        Assert.True(new FileInfo(video).Length > 1000);
        string compared = Run(0, ["compare", "--model", _project.Root, "--artifact", artifact, .. small]);
        Assert.Contains("ssim", compared, StringComparison.Ordinal);
        Assert.DoesNotContain("first frame", compared, StringComparison.Ordinal);

        Assert.Contains("QB2026", Run(1, ["generate", "--model", _project.Checkpoint, "--artifact", artifact, "--image", Picture, .. small,
            "--out", video]), StringComparison.Ordinal);
    }

    [Fact]
    public void Full_precision_takes_the_defaults_of_the_official_configuration()
    {
        string[] small = ["--prompt", "a red star", "--frames", "1", "--size", "64x48", "--threads", "2", "--out", PathOf("video.png")];

        Assert.Contains("unipc, 2 steps, shift 12, guidance 4, 3", Run(0, ["generate", "--model", _project.Checkpoint, "--steps", "2",
            .. small]), StringComparison.Ordinal);
        Assert.Contains("QB2027", Run(1, ["generate", "--model", TestData.TinyWan("checkpoint"), .. small]), StringComparison.Ordinal);
    }

    [Fact]
    public void A_new_project_is_recognized_and_its_set_has_prompts_alone()
    {
        string folder = PathOf("new");
        Assert.Contains("Put prompts into calibration.jsonl", Run(0, "init", folder, "--from", _project.Checkpoint),
            StringComparison.Ordinal);

        string manifest = File.ReadAllText(Path.Combine(folder, "new.quant.json"));
        Assert.Contains("\"architecture\": \"wan2.2-t2v\"", manifest, StringComparison.Ordinal);
        Assert.Contains("\"boundary\": 0.875", manifest, StringComparison.Ordinal);
        Assert.Contains("// \"shift\": 12.0,", manifest, StringComparison.Ordinal);
        Assert.DoesNotContain("picture", File.ReadAllText(Path.Combine(folder, "README.md")), StringComparison.OrdinalIgnoreCase);
        string set = Path.Combine(folder, "calibration.jsonl");
        Assert.Contains("12 of 12 samples", Run(1, ["plan", Path.Combine(folder, "new.quant.json"), .. _store]), StringComparison.Ordinal);
        Assert.All(File.ReadLines(set), line => Assert.False(JsonNode.Parse(line)!.AsObject().ContainsKey("image")));
        File.WriteAllText(set, File.ReadAllText(set).Replace("Say what happens in the video", "a star", StringComparison.Ordinal));

        string plan = Run(0, ["plan", Path.Combine(folder, "new.quant.json"), .. _store]);

        Assert.Contains("Condition", plan, StringComparison.Ordinal);
    }

    public void Dispose() => _project.Dispose();

    private string PathOf(string name) => Path.Combine(_project.Root, name);

    private static string Run(int expected, params string[] arguments)
    {
        using var output = new StringWriter(CultureInfo.InvariantCulture);
        int code = CommandLine.Run(arguments, ToolConsole.To(output, output), TestContext.Current.CancellationToken);
        Assert.True(code == expected, output.ToString());
        return output.ToString();
    }
}
