using System.Collections.Concurrent;
using Microsoft.Extensions.Time.Testing;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Store;
using QuantBuild.Compiler.Store.Remote;

namespace QuantBuild.Tests.Store.Remote;

/// <summary>Machines with an empty store each, and one remote store behind them.</summary>
internal sealed class TieredFolder : IDisposable
{
    private readonly StoreFolder _folder = new();
    private int _machines;

    public TieredFolder() => Directory.CreateDirectory(RemotePath);

    public string RemotePath => _folder.PathTo("remote");

    public ConcurrentQueue<Diagnostic> Notices { get; } = new();

    public FakeTimeProvider Time { get; } = new();

    public IEnumerable<string> Codes => Notices.Select(notice => notice.Descriptor.Code);

    /// <summary>Another machine.</summary>
    public Machine Open(TestRemote? remote = null, bool readOnly = false, TimeProvider? time = null, RemoteHistory? history = null,
        bool careful = false, Action<int>? waits = null)
    {
        ContentStore local = ContentStore.Open(_folder.PathTo($"machine {++_machines}"));
        remote ??= new TestRemote(RemotePath);
        return new Machine(local, remote, new TieredStore(local, remote.Store, readOnly, Notices.Enqueue, time ?? Time,
            TestContext.Current.CancellationToken, history, careful) { Waits = waits });
    }

    public string BlobPath(BlobRef blob) => Path.Combine(RemotePath, "cas", blob.Digest.ToString());

    /// <summary>A result made on a machine of its own and written to the remote store.</summary>
    public async Task<ActionRecord> Share(string name, int outputs = 2)
    {
        await using Machine machine = Open();
        ActionRecord record = machine.Make(name, outputs);
        await machine.Store.PutAsync(record, TestContext.Current.CancellationToken);
        return record;
    }

    public void Dispose() => _folder.Dispose();

    internal sealed record Machine(ContentStore Local, TestRemote Remote, TieredStore Store) : IAsyncDisposable
    {
        public ActionRecord Make(string name, int outputs = 2, string? output = null)
        {
            var blobs = new Dictionary<string, BlobRef>();
            for (int i = 0; i < outputs; i++)
            {
                byte[] content = [.. Enumerable.Range(0, 100_000 + i).Select(at => (byte)(at * name.Length + at / 256 + i))];
                blobs.Add(output ?? $"output{i}", new BlobRef(Local.Put(content), content.Length));
            }
            return new ActionRecord(Digest.Of(System.Text.Encoding.UTF8.GetBytes(name)), "Gptq", blobs, 1.5, "0.1.0",
                new() { ["layer"] = name });
        }

        public async ValueTask DisposeAsync()
        {
            await Store.DisposeAsync();
            Local.Dispose();
        }
    }
}
