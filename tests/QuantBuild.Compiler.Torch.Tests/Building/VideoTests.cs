using System.Security.Cryptography;
using QuantBuild.Tests;

namespace QuantBuild.Compiler.Torch.Tests.Building;

/// <summary>Videos by the tool, which loads the arithmetic that command line, manifest or artifact asks for, and else none.</summary>
public sealed class VideoTests
{
    private const string Computed = "computed by torch-2[.]10-cpu-[0-9a-f]{8}-t[0-9]+-bf16 on cpu, [0-9]+ threads?";
    private const string ModelByTorch = """{ "model": "torch", "layers": "cpu", "device": "cpu" }""";

    private static readonly string Checkpoint = TestData.TinyWan("checkpoint");

    [Fact]
    public async Task A_manifest_that_says_torch_has_its_videos_computed_by_it()
    {
        using var project = new TorchProject { Compute = ModelByTorch };

        string said = await MadeAsync(project, "first.png", "--model", project.Manifest);
        await MadeAsync(project, "second.png", "--model", project.Manifest);
        string streamed = await MadeAsync(project, "streamed.png", "--model", project.Manifest, "--device-memory", "8MiB");
        string one = await MadeAsync(project, "one.png", "--model", project.Manifest, "--device-memory", "12MiB", "--memory", "both");
        string own = await MadeAsync(project, "own.png", "--model", project.Manifest, "--compute", "cpu");
        await MadeAsync(project, "usual.png", "--model", Checkpoint);

        Assert.Matches(Computed, said);
        Assert.Contains("an expert does not fit the device: its blocks are streamed", streamed, StringComparison.Ordinal);
        Assert.Contains("both experts do not fit the device: it has one at a time", one, StringComparison.Ordinal);
        Assert.DoesNotContain("computed by", own, StringComparison.Ordinal);
        string video = Digest(project, "first.png");
        Assert.Equal(video, Digest(project, "second.png"));
        Assert.Equal(video, Digest(project, "streamed.png"));
        Assert.Equal(video, Digest(project, "one.png"));
        Assert.NotEqual(video, Digest(project, "own.png"));
        Assert.Equal(Digest(project, "usual.png"), Digest(project, "own.png"));
    }

    [Fact]
    public async Task Without_a_manifest_an_artifact_says_what_computes_it()
    {
        using TorchProject torch = new() { Compute = ModelByTorch },
            processor = new() { Compute = """{ "model": "cpu", "layers": "torch", "device": "cpu" }""" };
        Assert.Equal(0, (await torch.BuildAsync()).Status);
        Assert.Equal(0, (await processor.BuildAsync()).Status);

        string byTorch = await MadeAsync(torch, "torch.png", "--model", Checkpoint, "--artifact", torch.Output);
        string own = await MadeAsync(torch, "own.png", "--model", Checkpoint, "--artifact", torch.Output, "--compute", "cpu");
        string layers = await MadeAsync(torch, "layers.png", "--model", Checkpoint, "--artifact", processor.Output);
        string asked = await MadeAsync(torch, "asked.png", "--model", Checkpoint, "--artifact", processor.Output, "--compute", "torch");

        Assert.Matches(Computed, byTorch);
        Assert.Matches(Computed, asked);
        Assert.DoesNotContain("computed by", own, StringComparison.Ordinal);
        Assert.DoesNotContain("computed by", layers, StringComparison.Ordinal);
        Assert.NotEqual(Digest(torch, "torch.png"), Digest(torch, "own.png"));
    }

    [Fact]
    public async Task Videos_are_compared_by_torch()
    {
        using var project = new TorchProject { Compute = ModelByTorch };
        Assert.Equal(0, (await project.BuildAsync()).Status);

        (int status, string said) = await project.RunAsync("compare",
            ["--model", project.Manifest, "--artifact", project.Output, .. Short, "--out", "both.png"]);

        Assert.True(status == 0, said);
        Assert.Matches(Computed, said);
        Assert.Contains("full precision", said, StringComparison.Ordinal);
        Assert.Matches("4 +624 +0[.][01][0-9]+", said);
        Assert.True(File.Exists(Path.Combine(project.Folder, "both.png")));
    }

    [Theory]
    [InlineData("generate", "/nowhere", "QB3240", "there is no libtorch in /nowhere")]
    [InlineData("generate", null, "QB3250", "denoising needs about", "--device-memory", "2MiB")]
    [InlineData("generate", null, "QB3243", "without CUDA", "--device", "cuda")]
    [InlineData("generate", null, "QB3246", "QUANTBUILD_TORCH_THREADS is 'many'", "--compute", "torch", "many")]
    public async Task What_is_missing_is_told_before_anything_is_computed(string command, string? folder, string code, string why,
        params string[] options)
    {
        using var project = new TorchProject { Compute = ModelByTorch, LibTorch = folder ?? Natives.Folder };
        if (options is [.., "many"])
        {
            project.Variables.Add("QUANTBUILD_TORCH_THREADS", "many");
            options = options[..^1];
        }

        (int status, string said) = await project.RunAsync(command,
            ["--model", project.Manifest, .. Short, "--out", "video.png", .. options]);

        Assert.Equal(1, status);
        Assert.Contains($"error {code}: ", said, StringComparison.Ordinal);
        Assert.Contains(why, said, StringComparison.Ordinal);
        Assert.DoesNotContain("encode", said, StringComparison.Ordinal);
        Assert.False(File.Exists(Path.Combine(project.Folder, "video.png")));
    }

    [Fact]
    public async Task A_backend_that_is_not_installed_is_named_with_its_package()
    {
        using var project = new TorchProject();
        project.Variables.Add("QUANTBUILD_EXTENSIONS", "");

        (int status, string said) = await project.RunAsync("generate",
            ["--model", Checkpoint, .. Short, "--out", "video.png", "--compute", "torch"]);

        Assert.Equal(1, status);
        Assert.Contains("error QB3220: '--compute' asks for the arithmetic 'torch', which is not installed: it is in the package "
            + "QuantBuild.Compiler.Torch", said, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("add --compute torch")]
    [InlineData("--compute asks for cpu", "--compute", "cpu")]
    public async Task Options_of_torch_are_wrong_where_nothing_asks_for_it(string why, params string[] options)
    {
        using var project = new TorchProject();

        (int status, string said) = await project.RunAsync("generate",
            ["--model", Checkpoint, .. Short, "--out", "video.png", "--device", "cuda", .. options]);

        Assert.Equal(2, status);
        Assert.Contains(why, said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Variables_of_builds_choose_nothing_here()
    {
        using var project = new TorchProject { Compute = ModelByTorch };
        project.Variables.Add("QUANTBUILD_TORCH_PROFILE", "torch-2.10-cuda-sm90-132");

        Assert.Matches(Computed, await MadeAsync(project, "video.png", "--model", project.Manifest));
    }

    /// <summary>A picture, a prompt, and steps on both sides of the boundary.</summary>
    private static string[] Short =>
    [
        "--image", TestData.TinyWan(Path.Combine("eval", "images", "001.png")), "--prompt", "a big purple star moves right",
        "--frames", "5", "--size", "96x64", "--steps", "4", "--guidance", "1",
    ];

    private static async Task<string> MadeAsync(TorchProject project, string name, params string[] options)
    {
        (int status, string said) = await project.RunAsync("generate", [.. Short, "--out", name, .. options]);
        Assert.True(status == 0, said);
        return said;
    }

    private static string Digest(TorchProject project, string name) =>
        Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(Path.Combine(project.Folder, name))));
}
