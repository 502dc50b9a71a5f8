using System.Globalization;
using QuantBuild.Compiler.Store;
using QuantBuild.Compiler.Store.Remote;

namespace QuantBuild.Tests.Store.Remote;

/// <summary>What a remote store that fails, stalls or is slow costs a build: a bounded time, and never the build.</summary>
public sealed class RemoteTroubleTests : IDisposable
{
    private readonly TieredFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private static Digest Key(int i) => Digest.Of(System.Text.Encoding.UTF8.GetBytes(i.ToString(CultureInfo.InvariantCulture)));

    /// <summary>Moves the clock until a task is done; how far it had to go.</summary>
    private async Task<TimeSpan> RunAsync(Task task)
    {
        DateTimeOffset start = _folder.Time.GetUtcNow();
        while (!task.IsCompleted)
        {
            _folder.Time.Advance(TimeSpan.FromMilliseconds(250));
            await Task.WhenAny(task, Task.Delay(1, Ct));
        }
        await task;
        return _folder.Time.GetUtcNow() - start;
    }

    [Fact]
    public async Task A_store_that_fails_is_told_once_and_left_out_after_ten_failures()
    {
        var remote = new TestRemote(_folder.RemotePath) { Before = _ => throw new IOException("no route") };
        await using TieredFolder.Machine machine = _folder.Open(remote, readOnly: true);

        for (int i = 0; i < 100; i++)
            Assert.Null(await machine.Store.FindAsync(Key(i), Ct));

        Assert.Equal(10, remote.Log.Count);
        Assert.Equal(["QB4091", "QB4092"], _folder.Codes);
        Assert.All(_folder.Notices, notice => Assert.Contains("no route", notice.Message, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_store_that_never_answers_costs_half_a_minute_and_is_left_out()
    {
        var remote = new TestRemote(_folder.RemotePath) { Before = _ => Task.Delay(Timeout.Infinite, CancellationToken.None) };
        await using TieredFolder.Machine machine = _folder.Open(remote, readOnly: true);

        TimeSpan lost = await RunAsync(Task.Run(async () =>
        {
            for (int i = 0; i < 20; i++)
                Assert.Null(await machine.Store.FindAsync(Key(i), Ct));
        }, Ct));

        Assert.InRange(lost, TimeSpan.FromSeconds(25), RemoteHistory.Allowance + TimeSpan.FromSeconds(5));
        Assert.Equal(["QB4091", "QB4092"], _folder.Codes);
        Assert.InRange(remote.Log.Count, 3, 4);
    }

    [Fact]
    public async Task A_store_that_answers_slowly_is_used_until_it_has_cost_half_a_minute()
    {
        var remote = new TestRemote(_folder.RemotePath) { Before = ct => Task.Delay(TimeSpan.FromSeconds(4), _folder.Time, ct) };
        await using TieredFolder.Machine machine = _folder.Open(remote, readOnly: true);

        await RunAsync(Task.Run(async () =>
        {
            for (int i = 0; i < 40; i++)
                Assert.Null(await machine.Store.FindAsync(Key(i), Ct));
        }, Ct));

        Assert.InRange(remote.Log.Count, 6, 9);
    }

    [Fact]
    public async Task What_cannot_be_written_is_counted_and_the_end_of_a_build_waits_half_a_minute_at_most()
    {
        var remote = new TestRemote(_folder.RemotePath) { Before = _ => Task.Delay(Timeout.Infinite, CancellationToken.None) };
        TieredFolder.Machine machine = _folder.Open(remote);
        for (int i = 1; i <= 8; i++)
            await machine.Store.PutAsync(machine.Make(new string('a', i), outputs: 1), Ct);

        TimeSpan lost = await RunAsync(machine.DisposeAsync().AsTask());

        Assert.InRange(lost, TimeSpan.FromSeconds(10), RemoteHistory.Allowance + TimeSpan.FromSeconds(5));
        Assert.Equal("QB4095", _folder.Codes.Last());
        Assert.Contains("8 results were not written", _folder.Notices.Last().Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_waits_to_be_written_is_bounded()
    {
        var open = new TaskCompletionSource();
        var remote = new TestRemote(_folder.RemotePath) { Before = _ => open.Task };
        await using TieredFolder.Machine machine = _folder.Open(remote);
        int more = RemoteUploads.Capacity + 100;
        for (int i = 0; i < more; i++)
            await machine.Store.PutAsync(new ActionRecord(Key(i), "Gptq", new Dictionary<string, BlobRef>(), 1, "0.1.0", []), Ct);
        open.SetResult();

        await machine.Store.DisposeAsync();

        int written = remote.Log.Count;
        Assert.InRange(written, RemoteUploads.Capacity, RemoteUploads.Capacity + 2);
        Assert.Contains($"{more - written} results were not written", Assert.Single(_folder.Notices).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_build_that_is_cancelled_does_not_wait_for_what_is_still_to_be_written()
    {
        using var cancelled = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        var remote = new TestRemote(_folder.RemotePath) { Before = _ => Task.Delay(Timeout.Infinite, CancellationToken.None) };
        using var folder = new StoreFolder();
        using ContentStore local = folder.Open();
        var store = new TieredStore(local, remote.Store, readOnly: false, _folder.Notices.Enqueue, _folder.Time, cancelled.Token);
        await store.PutAsync(new ActionRecord(Key(1), "Gptq", new Dictionary<string, BlobRef>(), 1, "0.1.0", []), Ct);

        await cancelled.CancelAsync();
        await store.DisposeAsync().AsTask().WaitAsync(TimeSpan.FromMinutes(1), Ct);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await store.FindAsync(Key(2), cancelled.Token));
    }

    [Fact]
    public async Task A_full_or_forbidden_folder_loses_no_build()
    {
        var remote = new TestRemote(_folder.RemotePath);
        await File.WriteAllTextAsync(Path.Combine(_folder.RemotePath, "tmp"), "", Ct);
        await using (TieredFolder.Machine machine = _folder.Open(remote))
        {
            ActionRecord record = machine.Make("a");
            await machine.Store.PutAsync(record, Ct);
            Assert.NotNull(await machine.Store.FindAsync(record.Key, Ct));
        }

        Assert.Equal(["QB4091", "QB4095"], _folder.Codes);
    }
}
