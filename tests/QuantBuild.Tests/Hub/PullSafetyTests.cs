using System.Text;
using QuantBuild.Compiler.Artifacts;
using QuantBuild.Compiler.Hub;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Publishing;
using QuantBuild.Compiler.Store;
using QuantBuild.Tests.Artifacts;

namespace QuantBuild.Tests.Hub;

/// <summary>Pulling into folders that hold files of the user.</summary>
public sealed class PullSafetyTests : HubTest
{
    private async Task PushAsync(params HubFile[] files)
    {
        using HubClient client = Connect();
        await HubUpload.RunAsync(client, await HubUpload.PlanAsync(client, Id, "main", files, Ct), ("Add", ""), ct: Ct);
    }

    private async Task PublishAsync()
    {
        new TestArtifact().Write(Directory.CreateDirectory(PathTo("out")).FullName);
        Server.Add(Name);
        await PushAsync([.. ArtifactPush.Gather(PathTo("out"), null, new ModelCardFacts(null, null), ct: Ct)]);
    }

    private async Task PullAsync(bool force = false)
    {
        using ContentStore store = ContentStore.Open(PathTo("store"));
        using HubClient client = Connect();
        await ArtifactPull.RunAsync(client, new HubCache(PathTo("cache")), store, new HubReference(Id, "main"), PathTo("here"),
            force: force, ct: Ct);
    }

    private string Mine(string path)
    {
        string full = PathTo("here", path);
        Directory.CreateDirectory(Path.GetDirectoryName(full)!);
        File.WriteAllText(full, "mine");
        return full;
    }

    [Fact]
    public async Task A_listing_that_names_a_source_file_is_refused_before_anything_is_fetched()
    {
        Server.Add(Name);
        string digest = Digest.Of("evil"u8).ToString();
        await PushAsync(HubFile.FromBytes("src/Program.cs", "evil"u8.ToArray()), HubFile.FromBytes("artifact.json",
            Encoding.UTF8
                .GetBytes($$$$"""{"experts":{"x":{"directory":"src","files":[{"name":"Program.cs","sha256":"{{{{digest}}}}","size":4}]}}}""")));
        string file = Mine("src/Program.cs");

        Assert.Contains("'src/Program.cs'", await FailsAsync("QB5070", () => PullAsync()), StringComparison.Ordinal);
        Assert.Contains("'src/Program.cs'", await FailsAsync("QB5071", () => PullAsync(force: true)), StringComparison.Ordinal);

        Assert.Equal("mine", await File.ReadAllTextAsync(file, Ct));
    }

    [Fact]
    public async Task Files_of_the_user_stay_unless_that_is_forced()
    {
        await PublishAsync();
        string config = Mine("low_noise_model/config.json"), other = Mine("src/Program.cs");

        Assert.Contains("'low_noise_model/config.json'", await FailsAsync("QB5070", () => PullAsync()), StringComparison.Ordinal);
        Assert.Equal("mine", await File.ReadAllTextAsync(config, Ct));
        Assert.Equal(2, Directory.EnumerateFiles(PathTo("here"), "*", SearchOption.AllDirectories).Count());

        await PullAsync(force: true);
        Assert.Empty(ArtifactFolder.Check(PathTo("here"), ct: Ct));
        Assert.Equal("mine", await File.ReadAllTextAsync(other, Ct));
        await PullAsync();
    }

    [Fact]
    public async Task An_earlier_artifact_is_replaced_without_force()
    {
        await PublishAsync();
        await PullAsync();
        await File.AppendAllTextAsync(PathTo("here", "artifact.json"), " ", Ct);

        await PullAsync();

        Assert.Equal(await File.ReadAllBytesAsync(PathTo("out", "artifact.json"), Ct),
            await File.ReadAllBytesAsync(PathTo("here", "artifact.json"), Ct));
    }
}
