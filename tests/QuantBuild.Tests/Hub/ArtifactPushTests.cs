using System.Collections.Immutable;
using QuantBuild.Artifacts;
using QuantBuild.Compiler.Actions;
using QuantBuild.Compiler.Artifacts;
using QuantBuild.Compiler.Hub;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Publishing;
using QuantBuild.Compiler.Store;
using QuantBuild.HubServer;
using QuantBuild.Tests.Artifacts;

namespace QuantBuild.Tests.Hub;

public sealed class ArtifactPushTests : HubTest
{
    private static readonly ModelCardFacts Facts = new(RepoId.Parse("Wan-AI/Wan2.2-I2V-A14B"), "apache-2.0");

    private string Out => PathTo("out");

    private ArtifactDescriptor WriteArtifact()
    {
        var artifact = new TestArtifact();
        artifact.Write(Directory.CreateDirectory(Out).FullName);
        return artifact.Descriptor;
    }

    private string WriteLock(ArtifactDescriptor artifact, string plan)
    {
        string path = PathTo("test.quant.lock.json");
        new LockFile("0.1.0", new ProfileNames("cpu-1", "cpu-1"), Digest.Parse(plan), [],
            [.. artifact.Experts.Select(expert => new LockedExpert(expert.Key, Digest.Of("c"u8), [],
            [.. expert.Value.Files.Select(file =>
                new PackedFile($"{expert.Value.Directory}/{file.Name}",
                    new BlobRef(Digest.Parse(file.Digest), file.Size)))]))]).Write(path);
        return path;
    }

    private async Task<HubCommit?> PushAsync(ImmutableArray<HubFile> files)
    {
        using HubClient client = Connect();
        return await HubUpload.RunAsync(client, await HubUpload.PlanAsync(client, Id, "main", files, Ct), ("Add", ""), ct: Ct);
    }

    [Fact]
    public async Task What_is_pushed_can_be_pulled_and_opened()
    {
        // arrange
        ArtifactDescriptor artifact = WriteArtifact();
        Repository repository = Server.Add(Name);
        using ContentStore store = ContentStore.Open(PathTo("store"));
        using HubClient client = Connect();

        // act
        HubCommit? commit = await PushAsync(ArtifactPush.Gather(Out, WriteLock(artifact, artifact.Plan), Facts, ct: Ct));
        (string pulled, ArtifactWriteResult result) = await ArtifactPull.RunAsync(client, new HubCache(PathTo("cache")), store,
            new HubReference(Id, "main"), PathTo("pulled"), ct: Ct);

        // assert
        Assert.Equal(commit!.Id, pulled);
        Assert.Equal(5, result.Written.Length);
        using ModelArtifact model = ModelArtifact.Open(PathTo("pulled"));
        Assert.Equal("test", model.Descriptor.Name);
        Assert.Equal(["README.md", "artifact.json", "high_noise_model/config.json", "high_noise_model/diffusion_pytorch_model.safetensors",
            "low_noise_model/config.json", "low_noise_model/diffusion_pytorch_model.safetensors", "test.quant.lock.json"],
            repository.Main.Files.Keys.Order(StringComparer.Ordinal));
        Assert.Null(await PushAsync(ArtifactPush.Gather(Out, PathTo("test.quant.lock.json"), Facts, ct: Ct)));
        AssertTokenStayed();
    }

    [Fact]
    public async Task A_repository_without_an_artifact_is_not_pulled()
    {
        Server.Add(Name);
        await PushAsync([HubFile.FromBytes("README.md", [1])]);
        using ContentStore store = ContentStore.Open(PathTo("store"));
        using HubClient client = Connect();

        await FailsAsync("QB4012", () =>
            ArtifactPull.RunAsync(client, new HubCache(PathTo("cache")), store, new HubReference(Id, "main"), PathTo("pulled"), ct: Ct));
    }

    [Fact]
    public async Task A_published_artifact_whose_files_do_not_fit_is_not_written()
    {
        WriteArtifact();
        Server.Add(Name);
        await PushAsync(ArtifactPush.Gather(Out, null, Facts, ct: Ct));
        await PushAsync([HubFile.FromBytes("low_noise_model/config.json", "{}"u8.ToArray())]);
        using ContentStore store = ContentStore.Open(PathTo("store"));
        using HubClient client = Connect();

        await FailsAsync("QB4011", () =>
            ArtifactPull.RunAsync(client, new HubCache(PathTo("cache")), store, new HubReference(Id, "main"), PathTo("pulled"), ct: Ct));

        Assert.False(File.Exists(PathTo("pulled", "artifact.json")));
    }

    [Fact]
    public async Task A_damaged_artifact_and_another_build_s_lock_are_not_pushed()
    {
        ArtifactDescriptor artifact = WriteArtifact();
        string other = WriteLock(artifact, new string('1', 64));

        await FailsAsync("QB5051", () => Task.FromResult(ArtifactPush.Gather(Out, other, Facts)));
        await FailsAsync("QB4021", () => Task.FromResult(ArtifactPush.Gather(Out, PathTo("missing.lock.json"), Facts)));
        await File.AppendAllTextAsync(Path.Combine(Out, "low_noise_model", "config.json"), " ", Ct);
        await FailsAsync("QB4011", () => Task.FromResult(ArtifactPush.Gather(Out, null, Facts)));
    }
}
