using System.Collections.Immutable;
using QuantBuild.Compiler.Actions;
using QuantBuild.Compiler.Artifacts;
using QuantBuild.Compiler.Hub;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Operations;
using QuantBuild.Compiler.Publishing;
using QuantBuild.Compiler.Sources;

namespace QuantBuild.Tests.Hub;

/// <summary>Published artifacts of checkpoints that are on the Hub and not on this machine.</summary>
public sealed class PublishedSourceTests : HubSourceTest
{
    [Fact]
    public async Task A_published_artifact_spares_fetching_the_weights()
    {
        PublishTinyWan();
        await PublishBuild();
        IReadOnlyDictionary<string, string> expected = Project.ArtifactDigests();
        int before = MoveToAnotherMachine();

        CheckpointLocation fetched = ModelCompiler.Fetch(Compile(), SilentObserver.Instance, Ct);
        Assert.Empty(ModelCompiler.Calibrate(Compile(), SilentObserver.Instance, Ct).Actions);
        CompileResult result = ModelCompiler.Build(Compile() with { Report = PathTo("report.html") }, Project.Output,
            SilentObserver.Instance, Ct);

        Assert.True(fetched.HeadersOnly);
        Assert.StartsWith("hf://org/built@main (commit ", result.PulledFrom, StringComparison.Ordinal);
        Assert.Equal(expected, Project.ArtifactDigests());
        Assert.All(result.Inputs, file => Assert.True(File.Exists(file), file));
        Assert.Equal(2, Server.Requests.Skip(before)
            .Count(request => request.Storage && request.Method == "GET" && request.Range is null)); // the artifact's two
        string report = await File.ReadAllTextAsync(PathTo("report.html"), Ct);
        Assert.Contains("\"pulledFrom\":\"hf://org/built@main", report, StringComparison.Ordinal);
        Assert.Contains("\"relative\":[", report, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Weights_of_another_commit_are_fetched_and_compared()
    {
        PublishTinyWan();
        await PublishBuild();
        Publish("README.md", "# other words"u8.ToArray());
        int before = MoveToAnotherMachine();

        CompileResult result = Build();

        Assert.NotNull(result.PulledFrom);
        Assert.Equal(5, Server.Requests.Skip(before).Count(request => request.Storage && request.Method == "GET" && request.Range is null));
    }

    /// <summary>Builds as somebody who has fetched the checkpoint, and publishes the artifact with its lock.</summary>
    private async Task PublishBuild()
    {
        Build();
        Server.Add("org/built");
        using HubClient client = Connect();
        ImmutableArray<HubFile> files = ArtifactPush.Gather(Project.Output, LockFile.PathFor(Project.Manifest),
            new ModelCardFacts(null, null), ct: Ct);
        await HubUpload.RunAsync(client, await HubUpload.PlanAsync(client, RepoId.Parse("org/built"), "main", files, Ct), ("built", ""),
            ct: Ct);
    }

    /// <summary>Leaves nothing but the manifest, which now names the published artifact.</summary>
    /// <returns>How many requests there were so far.</returns>
    private int MoveToAnotherMachine()
    {
        Directory.Delete(PathTo("cache"), recursive: true);
        Directory.Delete(Project.Output, recursive: true);
        File.Delete(LockFile.PathFor(Project.Manifest));
        Project.Store = PathTo("other store");
        Project.OutputSection = """ "from": "org/built" """;
        return Server.Requests.Count;
    }
}
