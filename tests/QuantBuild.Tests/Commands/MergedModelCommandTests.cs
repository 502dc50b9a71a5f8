using System.Globalization;
using System.Text.Json;
using QuantBuild.Models.Wan;
using QuantBuild.SafeTensors;
using QuantBuild.Tests.Sources;
using QuantBuild.Tests.Stages;
using QuantBuild.Tool;
using QuantBuild.Tool.Running;

namespace QuantBuild.Tests.Commands;

/// <summary>Full precision of a manifest that merges LoRA files is the merged model, and has the manifest's schedule.</summary>
public sealed class MergedModelCommandTests : IDisposable
{
    private static readonly string[] Small = ["--image", TestData.TinyWan("eval", "images", "001.png"), "--prompt", "a red star",
        "--frames", "1", "--size", "64x48", "--threads", "2"];

    private readonly TinyProject _project = new()
    {
        Steps = "\"solver\": \"euler\", \"timesteps\": [1000, 937, 833, 625], \"highNoiseSteps\": 2",
    };

    [Fact]
    public void Generate_and_compare_merge_what_the_manifest_merges()
    {
        string lora = PathOf("lora.safetensors"), merged = PathOf("merged");
        SafeTensorsWriter.Write(lora, [SourceFiles.Tensor("diffusion_model.blocks.0.norm3.diff", [192], i => 0.3f * (i % 3))]);
        _project.Loras = $$"""{ "file": {{JsonSerializer.Serialize(lora)}}, "experts": ["low_noise"] }""";
        _project.WriteManifest();
        WriteMerged(merged, lora);
        string[] schedule = ["--solver", "euler", "--timesteps", "1000,937,833,625"];

        string log = Run(0, ["generate", "--model", _project.Manifest, .. Small, "--out", PathOf("manifest.png")]);
        Run(0, ["generate", "--model", merged, .. schedule, .. Small, "--out", PathOf("merged.png")]);
        Run(0, ["generate", "--model", _project.Checkpoint, .. schedule, .. Small, "--out", PathOf("plain.png")]);

        Assert.Contains($"full precision with {lora} merged in", log, StringComparison.Ordinal);
        Assert.Contains("euler, timesteps 1000, 937, 833, 625, guidance 1", log, StringComparison.Ordinal);
        Assert.Equal(File.ReadAllBytes(PathOf("merged.png")), File.ReadAllBytes(PathOf("manifest.png")));
        Assert.NotEqual(File.ReadAllBytes(PathOf("plain.png")), File.ReadAllBytes(PathOf("manifest.png")));

        _project.Kept = """{ "match": "*", "precision": "bf16" }""";
        _project.Build();
        string[] artifact = ["--artifact", _project.Output];
        // Nothing is quantized, so that only what is merged makes a difference.
        Assert.Matches(@"\S+out\W+∞|\S+out\W+Infinity", Run(0, ["compare", "--model", _project.Root, .. artifact, .. Small]));
        Assert.DoesNotMatch(@"\S+out\W+∞|\S+out\W+Infinity", Run(0, ["compare", "--model", _project.Checkpoint, .. artifact, .. Small]));
    }

    [Fact]
    public void A_folder_of_one_file_per_expert_makes_the_videos_of_its_folders()
    {
        string folder = PathOf("files");
        SourceFiles.Write(folder, source => source.Tensors.Keys.Select(name => TensorData.Copy(source, name, "diffusion_model." + name)));
        foreach (string part in (string[])["text_encoder", "tokenizer", "vae"])
            Directory.CreateSymbolicLink(Path.Combine(folder, part), TestData.TinyWan("checkpoint", part));

        Run(0, ["generate", "--model", folder, "--steps", "2", .. Small, "--out", PathOf("files.png")]);
        Run(0, ["generate", "--model", _project.Checkpoint, "--steps", "2", .. Small, "--out", PathOf("folders.png")]);

        Assert.Equal(File.ReadAllBytes(PathOf("folders.png")), File.ReadAllBytes(PathOf("files.png")));
    }

    [Fact]
    public void A_file_that_cannot_be_merged_and_manifests_that_differ_are_told()
    {
        string lora = PathOf("lora.safetensors");
        SafeTensorsWriter.Write(lora, [SourceFiles.Tensor("diffusion_model.blocks.90.norm3.diff", [192], i => 1)]);
        _project.Loras = $$"""{ "file": {{JsonSerializer.Serialize(lora)}} }""";
        _project.WriteManifest();
        string[] generate = ["generate", .. Small, "--out", PathOf("video.png"), "--model"];

        Assert.Contains("QB2020", Run(1, [.. generate, _project.Manifest]), StringComparison.Ordinal);
        File.Copy(_project.Manifest, PathOf("other.quant.json"));
        Assert.Contains("has several manifests, and some merge LoRA files", Run(2, [.. generate, _project.Root]), StringComparison.Ordinal);
        File.WriteAllText(PathOf("other.quant.json"), "{ }");
        Assert.Contains("QB1", Run(1, [.. generate, PathOf("other.quant.json")]), StringComparison.Ordinal);
    }

    public void Dispose() => _project.Dispose();

    private static void WriteMerged(string folder, string lora)
    {
        Directory.CreateDirectory(Path.Combine(folder, "low_noise_model"));
        foreach (string part in (string[])["high_noise_model", "text_encoder", "tokenizer", "vae"])
            Directory.CreateSymbolicLink(Path.Combine(folder, part), TestData.TinyWan("checkpoint", part));
        string source = TestData.TinyWan("checkpoint", "low_noise_model");
        using WanCheckpoint view = WanCheckpoint.Open(source, [new LoraReference(lora, 1)]);
        SafeTensorsWriter.Write(Path.Combine(folder, "low_noise_model", "diffusion_pytorch_model.safetensors"),
            [.. view.Tensors.Keys.Select(name => TensorData.Copy(view, name))]);
        File.Copy(Path.Combine(source, "config.json"), Path.Combine(folder, "low_noise_model", "config.json"));
    }

    private string PathOf(string name) => Path.Combine(_project.Root, name);

    private static string Run(int expected, params string[] arguments)
    {
        using var output = new StringWriter(CultureInfo.InvariantCulture);
        int code = CommandLine.Run(arguments, ToolConsole.To(output, output), TestContext.Current.CancellationToken);
        Assert.True(code == expected, output.ToString());
        return output.ToString();
    }
}
