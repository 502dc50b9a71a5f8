using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Differences;
using QuantBuild.Compiler.Store;

namespace QuantBuild.Tests.Stages;

public sealed class DiffBuildTests
{
    [Fact]
    public void History_locks_and_artifacts_tell_the_same_of_a_changed_rank()
    {
        using var project = new TinyProject();
        project.Build();
        string oldLock = Path.Combine(project.Root, "before.quant.lock.json");
        File.Copy(Path.ChangeExtension(project.Manifest, ".lock.json"), oldLock);
        string oldArtifact = Path.Combine(project.Root, "before");
        Directory.Move(project.Output, oldArtifact);
        project.Overrides = """{ "match": "blocks.0.ffn.2", "experts": ["low_noise"], "lowRank": { "rank": 12 } }""";
        TinyProject.Outcome build = project.Build();
        using var store = ContentStore.Open(project.Store);

        BuildDifference history = Snapshots.OfHistory(project.Manifest, store);
        BuildDifference locks = Snapshots.Compare(oldLock, project.Manifest, store);
        BuildDifference artifacts = Snapshots.Compare(oldArtifact, project.Output, store);
        BuildDifference mixed = Snapshots.Compare(oldLock, project.Output, store);

        double after = build.Result.Layers.Single(layer => layer is { Expert: "low_noise", Layer: "blocks.0.ffn.2" }).Recipe;
        Assert.All([history, locks, artifacts, mixed], difference =>
        {
            LayerDifference layer = Assert.Single(difference.Layers);
            Assert.Equal(("low_noise", "blocks.0.ffn.2"), (layer.Expert, layer.Layer));
            Assert.Contains("rank: 8 → 12", layer.Why);
            Assert.Equal(after, layer.ErrorAfter!.Value, 12);
            Assert.True(layer.ErrorBefore > after);
            Assert.True(difference.BytesAfter > difference.BytesBefore);
            // Four more columns on one side, four more rows on the other, in bf16.
            Assert.Equal(2 * 4 * (512 + 192), layer.BytesAfter - layer.BytesBefore);
        });
    }

    [Fact]
    public void A_changed_sample_is_named_where_no_setting_changed()
    {
        using var project = new TinyProject();
        project.Build();
        project.Samples = 1;
        project.Build();
        using var store = ContentStore.Open(project.Store);

        BuildDifference difference = Snapshots.OfHistory(project.Manifest, store);

        Assert.NotEmpty(difference.Layers);
        Assert.All(difference.Layers, layer => Assert.StartsWith("calibration: ", layer.Why, StringComparison.Ordinal));
    }

    [Fact]
    public void Without_two_builds_there_is_nothing_to_compare()
    {
        using var project = new TinyProject();
        project.WriteManifest();
        using var store = ContentStore.Open(project.Store);

        Assert.Equal("QB4024",
            Assert.Throws<DiagnosticException>(() => Snapshots.OfHistory(project.Manifest, store)).Diagnostics[0].Descriptor.Code);
        Assert.Equal("QB4023",
            Assert.Throws<DiagnosticException>(() =>
                Snapshots.Compare(project.Manifest, project.Manifest, store)).Diagnostics[0].Descriptor.Code);
    }
}
