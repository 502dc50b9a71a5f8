using System.Collections.Concurrent;
using System.Globalization;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Store;
using QuantBuild.Compiler.Store.Remote;

namespace QuantBuild.Tests.Store.Remote;

/// <summary>
/// Machines that share a real server over a bad line: a result is right or a miss, whatever happens. More faults than a test run has time
/// for: docs/soak.md.
/// </summary>
public abstract class RemoteFaultContract : IDisposable
{
    private const int Results = 4;

    private readonly StoreFolder _folder = new();
    private readonly ConcurrentQueue<Diagnostic> _notices = new();
    private int _machines;

    /// <summary>Starts the server.</summary>
    private protected abstract IFaultyServer StartServer();

    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    protected virtual void Dispose(bool disposing)
    {
        if (disposing)
            _folder.Dispose();
    }

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task No_fault_of_line_server_or_files_gives_wrong_bytes_or_fails_a_build()
    {
        int wanted = int.Parse(Environment.GetEnvironmentVariable("QUANTBUILD_REMOTE_FAULTS") ?? "40", CultureInfo.InvariantCulture);
        var random = new Random(1);
        using IFaultyServer server = StartServer();
        using var link = new FaultyLink(server.Port, seed: 2);
        int hits = 0, misses = 0, others = 0;
        // A client that tries again itself has few misses: as many more rounds as they take.
        for (int round = 0; link.Faults + others < wanted || (misses <= 10 && round < 20 * wanted); round++)
        {
            link.Rate = 0.5;
            await ShareAsync(server, link, round);
            if (random.Next(5) == 0)
            {
                others++;
                server.Kill();
                server.Start();
            }
            string[] files = server.Files;
            if (files.Length > 0 && random.Next(3) == 0)
            {
                others++;
                Damage(files[random.Next(files.Length)], cutOff: random.Next(2) == 0);
            }
            (int found, int missed) = await TakeAsync(server, link, round);
            hits += found;
            misses += missed;
        }

        // Both happened; how often a fault becomes a miss is up to the tries of what speaks with the server.
        Assert.True(hits > 10 && misses > 10, $"{hits} hits, {misses} misses");
        Assert.All(_notices, notice => Assert.Equal(Severity.Warning, notice.Descriptor.Severity));
        TestContext.Current.SendDiagnosticMessage($"{link.Faults + others} faults: {hits} hits, {misses} misses; "
            + string.Join(", ", link.Happened.Select(pair => $"{pair.Key} {pair.Value}")));

        // What the faults left behind is mended by whoever makes it again over a good line: once for a record that cannot be read, and once
        // more where blobs behind it, which nobody has read then, have other bytes, too.
        link.Rate = 0;
        // Azurite appends blobs to a common file at an end that it remembers: where the file was cut off, all that it writes then is
        // damaged until it begins another file.
        server.Kill();
        server.Start();
        await TakeAsync(server, link, round: 0, makeMissing: true);
        await TakeAsync(server, link, round: 0, makeMissing: true);
        Assert.Equal((Results, 0), await TakeAsync(server, link, round: 0));
    }

    private Machine Open(IFaultyServer server, FaultyLink link)
    {
        ContentStore local = ContentStore.Open(_folder.PathTo($"machine {++_machines}"));
        // Over a good line nothing may be missing, on a busy machine, too.
        return new Machine(local, new TieredStore(local, server.Open(link.Port, patient: link.Rate == 0), readOnly: false, _notices.Enqueue,
            TimeProvider.System, Ct));
    }

    private async Task ShareAsync(IFaultyServer server, FaultyLink link, int round)
    {
        await using Machine machine = Open(server, link);
        for (int i = 0; i < Results; i++)
            await machine.Store.PutAsync(Make(machine.Local, round, i), Ct);
    }

    /// <summary>Takes a round's results as a build on another machine does: what cannot be had is made.</summary>
    private async Task<(int Hits, int Misses)> TakeAsync(IFaultyServer server, FaultyLink link, int round,
        bool makeMissing = false)
    {
        await using Machine machine = Open(server, link);
        using ContentStore own = ContentStore.Open(_folder.PathTo("expected"));
        int hits = 0, misses = 0;
        for (int i = 0; i < Results; i++)
        {
            ActionRecord expected = Make(own, round, i);
            if (await machine.Store.FindAsync(expected.Key, Ct) is { } found && TryRead(machine.Store, found) is { } content)
            {
                hits++;
                Assert.Equal(expected.ToJson(_ => null), found.ToJson(_ => null));
                Assert.All(expected.Outputs, output => Assert.Equal(output.Value.Digest, Digest.Of(content[output.Key])));
                continue;
            }
            misses++;
            if (makeMissing)
                await machine.Store.PutAsync(Make(machine.Local, round, i), Ct);
        }
        return (hits, misses);
    }

    private static Dictionary<string, byte[]>? TryRead(TieredStore store, ActionRecord record)
    {
        try
        {
            return record.Outputs.ToDictionary(output => output.Key, output => store.Read(output.Value.Digest));
        }
        catch (DiagnosticException lost) when (lost.Diagnostics[0].Descriptor == Descriptors.BlobLost)
        {
            return null;
        }
    }

    private static ActionRecord Make(ContentStore store, int round, int number)
    {
        var blobs = new Dictionary<string, BlobRef>();
        for (int i = 0; i < 2; i++)
        {
            byte[] content = new byte[60_000 + i];
            new Random(HashCode(round, number, i)).NextBytes(content);
            blobs.Add(FormattableString.Invariant($"output{i}"), new BlobRef(store.Put(content), content.Length));
        }
        return new ActionRecord(Digest.Of(BitConverter.GetBytes(HashCode(round, number, 9))), "Gptq", blobs, 1.5, "0.1.0", []);

        static int HashCode(int round, int number, int part) => (((round * 16) + number) * 16) + part;
    }

    private static void Damage(string path, bool cutOff)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
        if (cutOff)
        {
            file.SetLength(file.Length - 1);
            return;
        }
        file.Position = file.Length / 2;
        int value = file.ReadByte();
        file.Position--;
        file.WriteByte((byte)(value ^ 1));
    }

    private sealed record Machine(ContentStore Local, TieredStore Store) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync()
        {
            await Store.DisposeAsync();
            Local.Dispose();
        }
    }
}
