using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Store;

namespace QuantBuild.Tests.Store;

/// <summary>Several processes on one store, and processes that die.</summary>
public sealed class StoreProcessTests : IDisposable
{
    private static readonly Digest Key = Digest.Of("some action"u8);
    private readonly StoreFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_lock_held_by_another_process_is_waited_for_and_announced_once()
    {
        using ContentStore store = _folder.Open();
        using ChildProcess other = ChildProcess.Start("hold a lock", _folder.Root, Key.ToString());
        Assert.Equal("held", other.ReadLine());
        int announced = 0;
        var first = new TaskCompletionSource();

        Task<ActionClaim> waiting = store.LockAsync(Key, () =>
        {
            announced++;
            first.TrySetResult();
        }, ct: TestContext.Current.CancellationToken).AsTask();
        await first.Task;
        Assert.False(waiting.IsCompleted);
        other.Continue();

        (await waiting).Dispose();
        Assert.Equal(1, announced);
        Assert.Equal(0, other.Wait());
    }

    [Fact]
    public async Task A_lock_of_a_killed_process_is_free()
    {
        using ContentStore store = _folder.Open();
        using ChildProcess other = ChildProcess.Start("hold a lock", _folder.Root, Key.ToString());
        Assert.Equal("held", other.ReadLine());

        other.Kill();

        using ActionClaim held = await store.LockAsync(Key, () => Assert.Fail("waited"), ct: TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task Waiting_for_a_lock_can_be_cancelled()
    {
        using ContentStore store = _folder.Open();
        using ActionClaim held = await store.LockAsync(Key, ct: TestContext.Current.CancellationToken);
        using var cancel = new CancellationTokenSource(50);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => store.LockAsync(Key, ct: cancel.Token).AsTask());
    }

    [Fact]
    public async Task Threads_and_processes_exclude_each_other()
    {
        using ContentStore store = _folder.Open();
        string counter = _folder.WriteFile("counter", "0"u8.ToArray());
        using ChildProcess other = ChildProcess.Start("count under a lock", _folder.Root, Key.ToString(), counter, "100");

        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(async () =>
        {
            for (int i = 0; i < 50; i++)
            {
                using ActionClaim turn = await store.LockAsync(Key, ct: TestContext.Current.CancellationToken);
                int count = int.Parse(await File.ReadAllTextAsync(counter));
                await File.WriteAllTextAsync(counter, $"{count + 1}");
            }
        })));

        Assert.Equal(0, other.Wait());
        Assert.Equal("300", await File.ReadAllTextAsync(counter, TestContext.Current.CancellationToken));
        Assert.Empty(Directory.GetFiles(Path.Combine(_folder.Root, "locks"), "*.lock"));
    }

    [Fact]
    public void Killed_while_writing_a_store_holds_whole_records_and_whole_blobs_only()
    {
        using ChildProcess other = ChildProcess.Start("write without end", _folder.Root);
        int last = 0;
        while (last < 20)
            last = int.Parse(other.ReadLine()!);
        other.Kill();

        using ContentStore store = _folder.Open();
        VerifyResult verified = store.Verify(ct: TestContext.Current.CancellationToken);

        Assert.Empty(verified.Damaged);
        Assert.Equal(0, verified.RemovedActions);
        for (int i = 0; i <= last; i++)
            Assert.NotNull(store.FindAction(Digest.Of(System.Text.Encoding.UTF8.GetBytes($"action {i}"))));
    }

    [Fact]
    public void What_a_killed_process_left_the_next_one_removes()
    {
        using ChildProcess other = ChildProcess.Start("write half a blob", _folder.Root);
        Assert.Equal("half", other.ReadLine());
        using (ContentStore meanwhile = _folder.Open())
            Assert.Equal((0, 1_000_000), (meanwhile.Statistics().Blobs, meanwhile.Statistics().TemporaryBytes));
        other.Kill();

        using ContentStore store = _folder.Open();

        Assert.Equal(0, store.Statistics().TemporaryBytes);
        Assert.Empty(Directory.GetFileSystemEntries(Path.Combine(_folder.Root, "tmp")));
        Assert.Single(Directory.GetFiles(Path.Combine(_folder.Root, "locks", "sessions")));
        Assert.Single(Directory.GetFiles(Path.Combine(_folder.Root, "locks", "users")));
    }

    [Fact]
    public void A_killed_process_leaves_no_lock_and_no_temporary_file_of_an_older_version_stays()
    {
        using (ChildProcess other = ChildProcess.Start("hold a lock", _folder.Root, Key.ToString()))
        {
            Assert.Equal("held", other.ReadLine());
            other.Kill();
        }
        string file = _folder.WriteFile($"the store/tmp/{Guid.NewGuid():N}", [1]),
            folder = Directory.CreateDirectory(_folder.PathTo("the store", "tmp", $"{Guid.NewGuid():N}")).FullName;
        StoreFolder.Tick();

        using ContentStore store = _folder.Open();

        Assert.False(File.Exists(file));
        Assert.False(Directory.Exists(folder));
        Assert.Empty(Directory.GetFiles(Path.Combine(_folder.Root, "locks"), "*.lock"));
    }

    [Theory]
    [InlineData("hold a lock", "the action")]
    [InlineData("hold the gate", "the store")]
    public async Task Who_waits_long_is_told_for_whom_and_for_what(string role, string what)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "only Linux tells who holds a lock, and can stop a process here");
        using ContentStore store = _folder.Open();
        using ChildProcess other = ChildProcess.Start(role, _folder.Root, Key.ToString());
        Assert.Equal("held", other.ReadLine());
        other.Stop();
        var told = new TaskCompletionSource<Diagnostic>();
        store.Notice = diagnostic => told.TrySetResult(diagnostic);
        StoreWait.FirstNotice = TimeSpan.FromMilliseconds(300);

        Task work = Task.Run(async () =>
        {
            using ActionClaim turn = await store.LockAsync(Key);
            store.PutAction(ContentStoreActionTests.Record(store, "b"));
        }, TestContext.Current.CancellationToken);
        Diagnostic notice = await told.Task.WaitAsync(TimeSpan.FromMinutes(5), TestContext.Current.CancellationToken);

        Assert.Equal("QB4062", notice.Descriptor.Code);
        Assert.Contains(what, notice.Message, StringComparison.Ordinal);
        Assert.Contains($"process {other.Id} on {Environment.MachineName} (", notice.Message, StringComparison.Ordinal);
        Assert.Contains("running since", notice.Message, StringComparison.Ordinal);
        Assert.Contains("which is stopped", notice.Message, StringComparison.Ordinal);
        other.Kill();
        await work;
    }

    [Fact]
    public void Pruning_leaves_a_blob_alone_that_another_process_is_writing()
    {
        using ChildProcess other = ChildProcess.Start("write half a blob", _folder.Root);
        Assert.Equal("half", other.ReadLine());

        using ContentStore store = _folder.Open();
        store.Clear();

        Assert.Single(Directory.GetFiles(Path.Combine(_folder.Root, "tmp"), "*", SearchOption.AllDirectories));
    }

    [Fact]
    public void Neither_pruning_nor_clearing_takes_what_a_running_build_has_found_or_made()
    {
        Digest used, unused;
        using (ContentStore earlier = _folder.Open())
        {
            used = PutRecord(earlier, "used");
            unused = PutRecord(earlier, "unused");
        }
        StoreFolder.Tick();
        using ChildProcess build = ChildProcess.Start("use an action", _folder.Root, used.ToString());
        Assert.Equal("hit", build.ReadLine());
        StoreFolder.Tick();

        using ContentStore store = _folder.Open();
        PruneResult pruned = store.Prune(maxBytes: 0, olderThan: TimeSpan.Zero);
        PruneResult cleared = store.Clear();
        build.Continue();

        Assert.Equal("kept", build.ReadLine());
        Assert.Equal((1, 1), (pruned.RemovedActions, pruned.RemainingActions));
        Assert.Equal((0, 1), (cleared.RemovedActions, cleared.RemainingActions));
        Assert.Null(store.FindAction(unused));
    }

    [Fact]
    public async Task A_store_that_is_pruned_all_the_time_still_serves_a_build()
    {
        using ContentStore build = _folder.Open();
        using var stop = new CancellationTokenSource();
        Task pruning = Task.Run(() =>
        {
            using ContentStore other = _folder.Open();
            while (!stop.IsCancellationRequested)
            {
                other.Prune(0, TimeSpan.Zero);
                Thread.Sleep(3);
            }
        }, TestContext.Current.CancellationToken);

        var keys = new List<Digest>();
        try
        {
            for (int i = 0; i < 100; i++)
            {
                keys.Add(PutRecord(build, $"action {i}"));
                Assert.NotNull(build.FindAction(keys[i / 2]));
            }
        }
        finally
        {
            await stop.CancelAsync();
            await pruning;
        }

        Assert.All(keys, key => Assert.NotNull(build.FindAction(key)));
    }

    private static Digest PutRecord(ContentStore store, string name)
    {
        ActionRecord record = ContentStoreActionTests.Record(store, name);
        store.PutAction(record);
        return record.Key;
    }
}
