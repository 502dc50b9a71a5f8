using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Store;
using QuantBuild.Compiler.Store.Remote;

namespace QuantBuild.Tests.Store.Remote;

/// <summary>The local store and a remote one as one store of actions: every opening is on another machine.</summary>
public sealed class TieredActionCacheTests : ActionCacheContract
{
    private int _machines;

    private protected override OpenedStore Open(string folder)
    {
        ContentStore local = ContentStore.Open($"{folder} {++_machines}");
        Directory.CreateDirectory(folder);
        var store = new TieredStore(local, RemoteAddress.Open(new(new Uri(folder).AbsoluteUri), local.Root), readOnly: false,
            notice => Assert.Fail(notice.Message), TimeProvider.System, Ct);
        return new OpenedStore(local, store, async () =>
        {
            await store.DisposeAsync();
            local.Dispose();
        });
    }
}

public sealed class TieredStoreTests : IDisposable
{
    private readonly TieredFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private static async Task AssertIs(ActionRecord expected, TieredFolder.Machine machine)
    {
        ActionRecord? found = await machine.Store.FindAsync(expected.Key, Ct);
        Assert.NotNull(found);
        Assert.Equal(expected.ToJson(_ => null), found.ToJson(_ => null));
        foreach (BlobRef blob in expected.Outputs.Values)
            Assert.Equal(blob.Digest, Digest.Of(await File.ReadAllBytesAsync(machine.Store.Open(blob.Digest), Ct)));
    }

    private static DiagnosticException AssertLost(TieredFolder.Machine machine, BlobRef blob)
    {
        var lost = Assert.Throws<DiagnosticException>(() => machine.Store.Open(blob.Digest));
        Assert.Equal(Descriptors.BlobLost, Assert.Single(lost.Diagnostics).Descriptor);
        return lost;
    }

    [Fact]
    public async Task A_result_costs_a_question_and_only_what_is_opened_is_brought_here()
    {
        ActionRecord record = await _folder.Share("a");
        await using TieredFolder.Machine machine = _folder.Open(readOnly: true);

        Assert.NotNull(await machine.Store.FindAsync(record.Key, Ct));
        machine.Store.Read(record.Outputs["output1"].Digest);

        Assert.Equal(["find " + record.Key.Short, "open at 0 " + record.Outputs["output1"].Digest.Short], machine.Remote.Log);
        Assert.False(File.Exists(machine.Local.PathOf(record.Outputs["output0"].Digest)));
        Assert.Null(machine.Local.FindAction(record.Key));
        machine.Store.Read(record.Outputs["output0"].Digest);
        Assert.NotNull(machine.Local.FindAction(record.Key));
    }

    [Fact]
    public async Task Blobs_that_are_needed_together_are_brought_side_by_side_and_each_once_whoever_asks()
    {
        ActionRecord record = await _folder.Share("a", outputs: 4);
        using var together = new CountdownEvent(4);
        var remote = new TestRemote(_folder.RemotePath);
        await using TieredFolder.Machine machine = _folder.Open(remote, readOnly: true);
        await machine.Store.FindAsync(record.Key, Ct);
        remote.Before = async ct =>
        {
            together.Signal();
            await Task.Run(() => together.Wait(TimeSpan.FromMinutes(1), ct), ct);
        };

        await Parallel.ForAsync(0, 3, Ct, (_, _) =>
        {
            machine.Store.Bring(record.Outputs.Values.Select(blob => blob.Digest));
            return ValueTask.CompletedTask;
        });

        Assert.True(together.IsSet);
        Assert.Equal(5, remote.Log.Count);
        Assert.NotNull(machine.Local.FindAction(record.Key));
    }

    [Fact]
    public async Task A_result_of_another_machine_is_brought_here_with_its_blobs_and_stays()
    {
        ActionRecord record = await _folder.Share("a");

        await using TieredFolder.Machine machine = _folder.Open();
        await AssertIs(record, machine);

        Assert.NotNull(machine.Local.FindAction(record.Key));
        Assert.Empty(_folder.Notices);
    }

    [Fact]
    public async Task An_action_is_looked_up_once_whoever_asks_and_whatever_the_answer()
    {
        ActionRecord record = await _folder.Share("a");
        await using TieredFolder.Machine machine = _folder.Open();
        Digest unknown = Digest.Of("unknown"u8);

        await Parallel.ForAsync(0, 16, Ct, async (i, ct) =>
            Assert.Equal(i % 2 == 0, await machine.Store.FindAsync(i % 2 == 0 ? record.Key : unknown, ct) is not null));

        Assert.Equal(["find " + record.Key.Short, "find " + unknown.Short],
            machine.Remote.Log.Where(line => line.StartsWith("find", StringComparison.Ordinal)).Order(StringComparer.Ordinal)
                .OrderBy(line => line.EndsWith(unknown.Short, StringComparison.Ordinal)));
        Assert.Equal(2, machine.Remote.Log.Count);
    }

    [Fact]
    public async Task A_result_that_is_here_is_not_looked_up_there()
    {
        await using TieredFolder.Machine machine = _folder.Open(readOnly: true);
        ActionRecord record = machine.Make("a");
        machine.Local.PutAction(record);

        await AssertIs(record, machine);

        Assert.Empty(machine.Remote.Log);
    }

    [Fact]
    public async Task Blobs_are_written_before_the_record_that_names_them_and_those_that_are_there_are_not_written_again()
    {
        ActionRecord first = await _folder.Share("a", outputs: 1);
        var remote = new TestRemote(_folder.RemotePath);
        await using (TieredFolder.Machine machine = _folder.Open(remote))
            await machine.Store.PutAsync(machine.Make("a", outputs: 2) with { Key = Digest.Of("b"u8) }, Ct);

        string old = first.Outputs["output0"].Digest.Short;
        Assert.Equal(["has " + old, "has", "put blob", "put record"],
            remote.Log.Select(line => line.EndsWith(old, StringComparison.Ordinal) ? line : line[..line.LastIndexOf(' ')]));
    }

    [Fact]
    public async Task Nothing_is_written_to_a_store_that_is_only_read()
    {
        await using (TieredFolder.Machine machine = _folder.Open(readOnly: true))
            await machine.Store.PutAsync(machine.Make("a"), Ct);

        Assert.Empty(Directory.GetFiles(_folder.RemotePath, "*", SearchOption.AllDirectories));
    }

    [Fact]
    public async Task Whoever_makes_a_result_again_mends_all_of_its_blobs()
    {
        ActionRecord record = await _folder.Share("a", outputs: 3);
        foreach (BlobRef blob in record.Outputs.Values)
            await File.WriteAllBytesAsync(_folder.BlobPath(blob), new byte[blob.Size], Ct);
        await using (TieredFolder.Machine machine = _folder.Open())
        {
            Assert.NotNull(await machine.Store.FindAsync(record.Key, Ct));
            Assert.Throws<DiagnosticException>(() => machine.Store.Read(record.Outputs["output1"].Digest));
            await machine.Store.PutAsync(machine.Make("a", outputs: 3), Ct);
        }

        await using TieredFolder.Machine other = _folder.Open();

        await AssertIs(record, other);
    }

    [Theory]
    [InlineData("missing", "is missing")]
    [InlineData("cut off", "has other content")]
    [InlineData("one bit flipped", "has other content")]
    [InlineData("emptied", "has other content")]
    [InlineData("grown", "has other content")]
    public async Task A_result_whose_blob_is_missing_or_wrong_is_a_miss_with_a_warning_and_is_mended_by_whoever_makes_it(
        string damage, string reason)
    {
        ActionRecord record = await _folder.Share("a");
        string path = _folder.BlobPath(record.Outputs["output1"]);
        if (damage == "missing")
            File.Delete(path);
        else
            ContentStoreBlobTests.Damage(path, damage);

        var history = new RemoteHistory(_folder.Time);
        await using (TieredFolder.Machine first = _folder.Open(readOnly: true, history: history))
        {
            Assert.NotNull(await first.Store.FindAsync(record.Key, Ct));
            AssertLost(first, record.Outputs["output1"]);
            Assert.Null(await first.Store.FindAsync(record.Key, Ct));
            Assert.Null(first.Local.FindAction(record.Key));
        }
        await using (TieredFolder.Machine machine = _folder.Open(history: history))
        {
            Assert.Null(await machine.Store.FindAsync(record.Key, Ct));
            Diagnostic notice = Assert.Single(_folder.Notices);
            Assert.Equal("QB4093", notice.Descriptor.Code);
            Assert.Contains(reason, notice.Message, StringComparison.Ordinal);
            await machine.Store.PutAsync(machine.Make("a"), Ct);
        }

        await using TieredFolder.Machine next = _folder.Open();
        await AssertIs(record, next);
    }

    [Theory]
    [InlineData("../out")]
    [InlineData("/etc/passwd")]
    [InlineData("a/../../b")]
    [InlineData("a\\b")]
    [InlineData("C:x")]
    [InlineData("")]
    public async Task A_result_with_a_name_that_leads_elsewhere_is_not_taken(string name)
    {
        await using (TieredFolder.Machine evil = _folder.Open())
            await evil.Store.PutAsync(evil.Make("a", 1, name), Ct);

        await using TieredFolder.Machine machine = _folder.Open(readOnly: true);

        Assert.Null(await machine.Store.FindAsync(Digest.Of("a"u8), Ct));
        Assert.Equal(["QB4093"], _folder.Codes);
        Assert.Equal(["find"], machine.Remote.Log.Select(line => line.Split(' ')[0]));
    }

    [Theory]
    [InlineData("missing")]
    [InlineData("cut off")]
    public async Task Work_that_is_done_again_takes_no_result_of_which_the_store_does_not_have_all(string damage)
    {
        ActionRecord record = await _folder.Share("a"), whole = await _folder.Share("bb");
        string path = _folder.BlobPath(record.Outputs["output1"]);
        if (damage == "missing")
            File.Delete(path);
        else
            ContentStoreBlobTests.Damage(path, damage);

        await using TieredFolder.Machine machine = _folder.Open(readOnly: true, careful: true);

        Assert.Null(await machine.Store.FindAsync(record.Key, Ct));
        Assert.Equal(["QB4093"], _folder.Codes);
        await AssertIs(whole, machine);
    }

    [Fact]
    public async Task Whoever_waits_for_results_to_be_written_is_told()
    {
        var open = new TaskCompletionSource();
        var told = new TaskCompletionSource<int>();
        var remote = new TestRemote(_folder.RemotePath) { Before = _ => open.Task };
        TieredFolder.Machine machine = _folder.Open(remote, waits: told.SetResult);
        for (int i = 1; i <= 3; i++)
            await machine.Store.PutAsync(machine.Make(new string('a', i), outputs: 1), Ct);

        Task closing = machine.DisposeAsync().AsTask();
        while (!told.Task.IsCompleted)
        {
            _folder.Time.Advance(TimeSpan.FromMilliseconds(100));
            await Task.WhenAny(told.Task, Task.Delay(1, Ct));
        }
        open.SetResult();
        await closing;

        Assert.Equal(3, await told.Task);
        Assert.Equal(3, Directory.GetFiles(Path.Combine(_folder.RemotePath, "ac")).Length);
    }

    [Fact]
    public async Task Of_many_results_that_cannot_be_used_three_are_told_and_the_rest_counted()
    {
        var keys = new List<Digest>();
        for (int i = 1; i <= 6; i++)
        {
            ActionRecord record = await _folder.Share(new string('a', i), outputs: 1);
            File.Delete(_folder.BlobPath(record.Outputs["output0"]));
            keys.Add(record.Key);
        }

        await using (TieredFolder.Machine machine = _folder.Open())
        {
            foreach (Digest key in keys)
                AssertLost(machine, (await machine.Store.FindAsync(key, Ct))!.Outputs["output0"]);
        }

        Assert.Equal(["QB4093", "QB4093", "QB4093", "QB4094"], _folder.Codes);
        Assert.Contains("3 more", _folder.Notices.Last().Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_transfer_that_breaks_off_goes_on_where_it_was()
    {
        ActionRecord record = await _folder.Share("a", outputs: 1);
        var remote = new TestRemote(_folder.RemotePath) { Reading = stream => new ShortLivedStream(stream, 40_000) };

        await using TieredFolder.Machine machine = _folder.Open(remote);
        await AssertIs(record, machine);

        Assert.Equal(["open at 0", "open at 40000", "open at 80000"],
            remote.Log.Where(line => line.StartsWith("open", StringComparison.Ordinal)).Select(line => line[..line.LastIndexOf(' ')]));
    }

    [Fact]
    public async Task A_blob_that_the_local_store_loses_during_the_build_is_brought_back()
    {
        ActionRecord record = await _folder.Share("a");
        await using TieredFolder.Machine machine = _folder.Open();
        await AssertIs(record, machine);
        foreach (BlobRef blob in record.Outputs.Values)
            File.Delete(machine.Local.PathOf(blob.Digest));

        Assert.Equal(record.Outputs["output0"].Size, new FileInfo(machine.Store.Open(record.Outputs["output0"].Digest)).Length);
        Assert.Equal(record.Outputs["output1"].Size, machine.Store.Read(record.Outputs["output1"].Digest).Length);

        Assert.Equal("QB4008",
            Assert.Throws<DiagnosticException>(() => machine.Store.Open(Digest.Of("never seen"u8))).Diagnostics[0].Descriptor.Code);
    }

    [Fact]
    public async Task Whatever_happens_to_the_files_of_a_remote_store_a_result_is_right_or_a_miss()
    {
        var records = new List<ActionRecord>();
        for (int i = 1; i <= 4; i++)
            records.Add(await _folder.Share(new string('a', i)));
        (string Path, byte[] Content)[] files =
            [.. Directory.GetFiles(_folder.RemotePath, "*", SearchOption.AllDirectories).Select(path => (path, File.ReadAllBytes(path)))];
        var random = new Random(1);
        int hits = 0, misses = 0;
        for (int round = 0; round < 50; round++)
        {
            foreach ((string path, byte[] content) in files)
                await File.WriteAllBytesAsync(path, random.Next(6) == 0 ? Damaged(content, random) : content, Ct);
            await using TieredFolder.Machine machine = _folder.Open(readOnly: true);
            foreach (ActionRecord record in records)
            {
                if (await machine.Store.FindAsync(record.Key, Ct) is null)
                {
                    misses++;
                    continue;
                }
                try
                {
                    await AssertIs(record, machine);
                    hits++;
                }
                catch (DiagnosticException lost) when (lost.Diagnostics[0].Descriptor == Descriptors.BlobLost)
                {
                    misses++;
                }
            }
        }
        Assert.True(hits > 50 && misses > 50, $"{hits} hits, {misses} misses");
    }

    private byte[] Damaged(byte[] content, Random random)
    {
        switch (random.Next(4))
        {
            case 0:
                return content[..random.Next(content.Length)];
            case 1:
                return [.. content, 0];
            case 2:
                return [];
            default:
                byte[] changed = [.. content];
                changed[random.Next(changed.Length)] ^= (byte)(1 << random.Next(8));
                return changed;
        }
    }
}
