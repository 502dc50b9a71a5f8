using QuantBuild.Imaging;
using QuantBuild.Models.Vae;
using QuantBuild.Pipelines;
using QuantBuild.Sampling;
using QuantBuild.Tests.Stages;
using QuantBuild.Text;

namespace QuantBuild.Tests.Pickles;

/// <summary>The original release's layout: experts in folders, encoders in .pth files, the tokenizer under google/umt5-xxl.</summary>
public sealed class OriginalLayoutTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("quantbuild-original").FullName;

    [Fact]
    public void Videos_are_those_of_the_safetensors_layout()
    {
        Write();
        var options =
            new GenerationOptions { Frames = 1, Width = 96, Height = 64, Sampling = new SamplingOptions { Steps = 2, Threads = 2 } };
        Image picture = Image.Load(TestData.TinyWan("eval", "images", "001.png"));

        float[] Latent(string checkpoint)
        {
            using var pipeline = new WanImageToVideoPipeline(checkpoint);
            return pipeline.Generate(picture, "a red star", options, ct: TestContext.Current.CancellationToken).Latent.ToArray();
        }

        Assert.Equal(Latent(TestData.TinyWan("checkpoint")), Latent(_folder));
    }

    [Fact]
    public void A_build_from_pictures_encodes_with_them_and_gives_the_same_artifact()
    {
        Write();
        using var project = new TinyProject { Samples = 1 };
        string set = Path.Combine(project.Root, "set.jsonl"), picture = TestData.TinyWan("eval", "images", "001.png");
        File.WriteAllText(set,
            System.Text.Json.JsonSerializer.Serialize(new { id = 0, prompt = "a red star", seed = 1, image = picture, frames = 1,
            width = 96, height = 64 }));
        project.Calibration = set;
        project.Build();
        IReadOnlyDictionary<string, string> expected = project.ArtifactDigests();
        project.Checkpoint = _folder;
        project.Build();

        Assert.All(expected.Keys.Where(path => path.EndsWith(".safetensors", StringComparison.Ordinal)),
            path => Assert.Equal(expected[path], project.ArtifactDigests()[path]));
    }

    [Fact]
    public void The_published_configurations_are_known_without_files()
    {
        Write(withConfigs: false);
        var folders = new PipelineFolders(_folder);

        Assert.Equal(TextEncoderConfig.Load(TestData.TinyWan("checkpoint", "text_encoder", "config.json")), folders.TextConfig());
        VaeConfig vae = folders.VaeConfig();
        Assert.Equal((96, 16, 16, 16), (vae.Dim, vae.LatentDim, vae.Mean.Length, vae.Std.Length));
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private void Write(bool withConfigs = true) => OriginalLayout.Write(_folder, withConfigs);
}
