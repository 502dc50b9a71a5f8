using System.Collections.Concurrent;
using QuantBuild.Compiler.Hub;
using QuantBuild.Compiler.Store;
using QuantBuild.HubServer;

namespace QuantBuild.Tests.Hub;

/// <summary>What tests of uploads share.</summary>
public abstract class UploadTest : HubTest
{
    protected const int MiB = 1 << 20;

    internal ConcurrentQueue<TransferStatus> Progress { get; } = new();

    protected Repository Repository => Server.Repositories[Name];

    protected IEnumerable<Traffic> Sent => Server.Requests.Where(request => request.Storage && request.Method == "PUT");

    private protected async Task<HubCommit?> Push(HubClient client, IReadOnlyList<HubFile> files, bool pullRequest = false)
    {
        UploadPlan plan = await HubUpload.PlanAsync(client, Id, "main", files, Ct);
        return await HubUpload.RunAsync(client, plan, ("Add files", "for a test"), pullRequest, new Direct(Progress.Enqueue), Ct);
    }

    private protected async Task<HubCommit?> Push(params HubFile[] files)
    {
        using HubClient client = Connect();
        return await Push(client, files);
    }

    private protected HubFile Random(string name, int size, int seed = 1) =>
        HubFile.FromDisk(name, Write(Path.Combine("local", name), size, seed), ct: Ct);

    private protected void AssertHolds(params HubFile[] files)
    {
        Assert.All(files, file =>
        {
            Entry entry = Repository.Main.Files[file.Path];
            byte[] there = entry.Content ?? File.ReadAllBytes(Server.ObjectPath(entry.LfsId!));
            Assert.Equal(file.Digest, Digest.Of(there));
        });
        AssertTokenStayed();
        Assert.Empty(Directory.Exists(PathTo("state")) ? Directory.GetFiles(PathTo("state")) : []);
    }

    private sealed class Direct(Action<TransferStatus> report) : IProgress<TransferStatus>
    {
        public void Report(TransferStatus value) => report(value);
    }
}
