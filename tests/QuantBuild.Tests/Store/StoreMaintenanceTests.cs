using QuantBuild.Compiler.Store;

namespace QuantBuild.Tests.Store;

public sealed class StoreMaintenanceTests : IDisposable
{
    private readonly StoreFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    /// <summary>Puts one action of 1000 bytes in a session of its own.</summary>
    private Digest PutAction(string name, byte fill)
    {
        StoreFolder.Tick();
        using ContentStore store = _folder.Open();
        ActionRecord record = ContentStoreActionTests.Record(store, name, [.. Enumerable.Repeat(fill, 1000)]);
        store.PutAction(record);
        return record.Key;
    }

    private ContentStore OpenLater()
    {
        StoreFolder.Tick();
        return _folder.Open();
    }

    [Fact]
    public void Pruning_removes_the_least_recently_used_actions_first()
    {
        Digest a = PutAction("a", 1), b = PutAction("b", 2), c = PutAction("c", 3);
        using (ContentStore use = OpenLater())
            Assert.NotNull(use.FindAction(a));
        using ContentStore store = OpenLater();

        PruneResult result = store.Prune(maxBytes: 2000);

        Assert.Equal(new PruneResult(1, 1, 1000, 2, 2000), result);
        Assert.NotNull(store.FindAction(a));
        Assert.Null(store.FindAction(b));
        Assert.NotNull(store.FindAction(c));
    }

    [Fact]
    public void Content_that_several_actions_share_goes_with_the_last_of_them()
    {
        PutAction("a", 1);
        PutAction("b", 1);
        Digest c = PutAction("c", 2);
        using ContentStore store = OpenLater();
        Assert.Equal(2, store.Statistics().Blobs);

        PruneResult result = store.Prune(maxBytes: 1999);

        Assert.Equal(new PruneResult(2, 1, 1000, 1, 1000), result);
        Assert.NotNull(store.FindAction(c));
    }

    [Fact]
    public void Pruning_removes_actions_that_no_build_used_for_some_time()
    {
        Digest old = PutAction("old", 1), young = PutAction("young", 2);
        string record = Path.Combine(_folder.Root, "actions", old.ToString()[..2], old + ".json");
        File.SetLastWriteTimeUtc(record, DateTime.UtcNow.AddDays(-31));
        using ContentStore store = OpenLater();

        PruneResult result = store.Prune(long.MaxValue, TimeSpan.FromDays(30));

        Assert.Equal((1, 1), (result.RemovedActions, result.RemainingActions));
        Assert.Null(store.FindAction(old));
        Assert.NotNull(store.FindAction(young));
    }

    [Fact]
    public void Pruning_removes_blobs_without_an_action_damaged_records_and_abandoned_locks()
    {
        using (ContentStore earlier = _folder.Open())
            earlier.Put("nobody refers to this"u8);
        Digest kept = PutAction("kept", 1), damaged = PutAction("damaged", 2);
        string record = Path.Combine(_folder.Root, "actions", damaged.ToString()[..2], damaged + ".json");
        File.WriteAllText(record, "{");
        string leftLock = Path.Combine(_folder.Root, "locks", kept + ".lock");
        File.WriteAllText(leftLock, "");
        using ContentStore store = OpenLater();

        PruneResult result = store.Prune(long.MaxValue);

        Assert.Equal((2, 1), (result.RemovedBlobs, result.RemainingActions));
        Assert.False(File.Exists(record));
        Assert.False(File.Exists(leftLock));
        Assert.NotNull(store.FindAction(kept));
    }

    [Fact]
    public void Pruning_keeps_what_this_store_object_has_used()
    {
        Digest used = PutAction("used", 1);
        using ContentStore store = OpenLater();
        Assert.NotNull(store.FindAction(used));

        store.Prune(0);

        Assert.NotNull(store.FindAction(used));
    }

    [Fact]
    public void Clearing_removes_everything()
    {
        Digest key = PutAction("a", 1);
        using ContentStore store = OpenLater();
        Assert.NotNull(store.FindAction(key));

        store.Clear();

        Assert.Equal((0, 0, 0L), (store.Statistics().Actions, store.Statistics().Blobs, store.Statistics().BlobBytes));
        Assert.Null(store.FindAction(key));
    }

    [Fact]
    public void Files_that_are_not_the_stores_own_survive_everything()
    {
        PutAction("a", 1);
        string foreign = Path.Combine(_folder.Root, "notes.txt");
        string inside = Path.Combine(_folder.Root, "blobs", "sha256", "notes.txt");
        File.WriteAllText(foreign, "mine");
        File.WriteAllText(inside, "mine");
        using ContentStore store = OpenLater();

        store.Verify(ct: TestContext.Current.CancellationToken);
        store.Prune(0);
        store.Clear();

        Assert.True(File.Exists(foreign));
        Assert.True(File.Exists(inside));
    }

    [Fact]
    public void Verifying_finds_every_damaged_blob_and_the_records_that_refer_to_it()
    {
        Digest good = PutAction("good", 1), bad = PutAction("bad", 2);
        using ContentStore store = OpenLater();
        Digest blob = store.FindAction(bad)!.Outputs["weights"].Digest;
        ContentStoreBlobTests.Damage(store.PathOf(blob), "one bit flipped");
        var read = new CountingProgress();

        VerifyResult result = store.Verify(read, TestContext.Current.CancellationToken);

        Assert.Equal((2, 2000L, 1), (result.Blobs, result.Bytes, result.RemovedActions));
        Assert.Equal([blob], result.Damaged);
        Assert.Equal(2000, read.Total);
        Assert.NotNull(store.FindAction(good));
        Assert.Null(store.FindAction(bad));
    }

    [Fact]
    public void Statistics_count_by_stage()
    {
        PutAction("a", 1);
        PutAction("b", 2);
        using ContentStore store = _folder.Open();
        store.Put("orphan"u8);

        StoreStatistics statistics = store.Statistics();

        Assert.Equal((2, 3, 2006L, 6L), (statistics.Actions, statistics.Blobs, statistics.BlobBytes, statistics.OrphanBytes));
        Assert.Equal([new StageStatistics("Gptq", 2, 2000, 2.5)], statistics.Stages);
    }

    internal sealed class CountingProgress : IProgress<long>
    {
        private long _total;

        public long Total => _total;

        public void Report(long value) => Interlocked.Add(ref _total, value);
    }
}
