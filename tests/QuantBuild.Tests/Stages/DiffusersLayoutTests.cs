using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Manifests.Binding;
using QuantBuild.Imaging;
using QuantBuild.Models.Wan;
using QuantBuild.Pipelines;
using QuantBuild.Sampling;
using QuantBuild.Tests.Models.Wan;

namespace QuantBuild.Tests.Stages;

public sealed class DiffusersLayoutTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("quantbuild-layout").FullName;

    [Fact]
    public void Both_layouts_of_a_checkpoint_are_one_model_with_one_artifact()
    {
        DiffusersCheckpoint.Write(_folder);
        using var project = new TinyProject { UsesDefaultFolders = true };
        project.Build();
        IReadOnlyDictionary<string, string> original = project.ArtifactDigests();
        project.Checkpoint = _folder;

        IReadOnlyList<string> ran = project.Build().RanNames;
        IReadOnlyDictionary<string, string> diffusers = project.ArtifactDigests();

        Assert.Equal(["Pack high_noise high_noise", "Pack low_noise low_noise"], ran);
        string[] same = [.. original.Keys.Where(path => path.EndsWith(".safetensors", StringComparison.Ordinal))];
        Assert.Equal(2, same.Length);
        Assert.All(same, path => Assert.Equal(original[path], diffusers[path]));
        Assert.Equal(WanConfig.Load(TestData.TinyWan("checkpoint", "low_noise_model", "config.json")),
            WanConfig.Load(Path.Combine(project.Output, "low_noise_model", "config.json")));
    }

    [Fact]
    public void Both_layouts_make_the_same_latents()
    {
        DiffusersCheckpoint.Write(_folder);
        var options =
            new GenerationOptions { Frames = 1, Width = 96, Height = 64, Sampling = new SamplingOptions { Steps = 4, Threads = 1 } };
        Image picture = Image.Load(TestData.TinyWan("eval", "images", "001.png"));

        float[] Latent(string checkpoint)
        {
            using var pipeline = new WanImageToVideoPipeline(checkpoint);
            return pipeline.Generate(picture, "a red star", options, ct: TestContext.Current.CancellationToken).Latent.ToArray();
        }

        Assert.Equal(Latent(TestData.TinyWan("checkpoint")), Latent(_folder));
    }

    [Fact]
    public void A_boundary_that_is_not_the_checkpoints_is_warned_about()
    {
        DiffusersCheckpoint.Write(_folder, boundary: 0.875);
        using var project = new TinyProject { UsesDefaultFolders = true, Checkpoint = _folder };
        project.WriteManifest();
        Diagnostic warning = Assert.Single(Compiler.Planning.Planner.Resolve(ManifestReader.Read(project.Manifest).Manifest!).Diagnostics,
            diagnostic => diagnostic.Descriptor == Descriptors.BoundaryDiffers);
        Assert.Equal("The checkpoint switches experts at 0.875, the manifest at 0.9", warning.Message);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
