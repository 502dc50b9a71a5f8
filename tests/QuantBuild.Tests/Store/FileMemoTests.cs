using System.Text.Json.Nodes;
using Microsoft.Extensions.Time.Testing;
using Microsoft.Win32.SafeHandles;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Store;

namespace QuantBuild.Tests.Store;

public sealed class FileMemoTests : IDisposable
{
    private readonly StoreFolder _folder = new();
    private int _computed;

    public void Dispose() => _folder.Dispose();

    /// <summary>A file that reads "one".</summary>
    private string WriteOne() => _folder.WriteFile("in put.bin", "one"u8.ToArray());

    /// <summary>The store, long after the test's files were last written.</summary>
    private ContentStore OpenLater()
    {
        ContentStore store = _folder.Open();
        store.Files.Clock = new FakeTimeProvider(DateTimeOffset.UtcNow.AddMinutes(1));
        return store;
    }

    private static void Overwrite(string path, string text) => File.WriteAllText(path, text);

    private async Task<string> Look(ContentStore store, string path, string kind = "text")
    {
        using SafeFileHandle file = File.OpenHandle(path);
        JsonObject fact = await store.Files.GetOrComputeAsync(path, file, kind, () =>
        {
            _computed++;
            return new JsonObject { ["text"] = File.ReadAllText(path) };
        }, TestContext.Current.CancellationToken);
        return fact["text"]!.GetValue<string>();
    }

    [Fact]
    public async Task A_fact_is_computed_once_while_the_file_stays_the_same_and_again_when_it_changes()
    {
        string path = WriteOne();
        using (ContentStore store = OpenLater())
        {
            Assert.Equal("one", await Look(store, path));
            Assert.Equal("one", await Look(store, path));
            Assert.Equal("one", await Look(store, path, "other kind"));
        }
        Assert.Equal(2, _computed);

        using ContentStore later = OpenLater();
        Assert.Equal("one", await Look(later, path));
        Assert.Equal(2, _computed);
        Overwrite(path, "two");

        Assert.Null(later.Files.Find(path, "text"));
        Assert.Equal("two", await Look(later, path));
    }

    [Fact]
    public async Task A_file_replaced_by_one_of_the_same_size_and_time_is_noticed()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "relies on the time of change");
        string path = WriteOne();
        DateTime time = File.GetLastWriteTimeUtc(path);
        using ContentStore store = OpenLater();
        await Look(store, path);

        Overwrite(path, "two");
        File.SetLastWriteTimeUtc(path, time);

        Assert.Equal("two", await Look(store, path));
    }

    [Fact]
    public async Task A_file_written_a_moment_ago_is_not_remembered()
    {
        using ContentStore store = _folder.Open();
        string path = WriteOne();
        store.Files.Clock = new FakeTimeProvider(new DateTimeOffset(File.GetLastWriteTimeUtc(path)).AddSeconds(1.9));

        await Look(store, path);
        await Look(store, path);

        Assert.Equal(2, _computed);
    }

    [Theory]
    [InlineData(10.0, 0.0, 11.9, false)]
    [InlineData(10.0, 0.0, 12.1, true)]
    [InlineData(99.0, 10.0, 12.1, true)]
    [InlineData(1.0, 10.0, 11.9, false)]
    public void Only_the_time_that_programs_cannot_set_says_whether_a_file_is_settled(double modified, double changed, double looked,
        bool settled)
    {
        var stamp = new FileStamp(1, Ticks(modified), Ticks(changed), "");

        Assert.Equal(settled, FileMemo.IsSettled(stamp, Ticks(looked)));

        static long Ticks(double seconds) => TimeSpan.FromSeconds(seconds).Ticks;
    }

    [Fact]
    public async Task A_damaged_entry_is_ignored()
    {
        string path = WriteOne();
        using ContentStore store = OpenLater();
        await Look(store, path);
        string entry = Assert.Single(Directory.GetFiles(Path.Combine(_folder.Root, "memo"), "*", SearchOption.AllDirectories));
        string json = System.Text.Encoding.UTF8.GetString(AtomicFile.TryRead(entry)!);

        Overwrite(entry, json.Replace("\"one\"", "\"two\"", StringComparison.Ordinal));
        Assert.Equal("one", await Look(store, path));
        Overwrite(entry, json[..(json.Length / 2)]);
        Assert.Equal("one", await Look(store, path));

        Assert.Equal(3, _computed);
    }

    [Fact]
    public async Task A_file_that_changes_while_it_is_read_is_an_error()
    {
        string path = _folder.WriteFile("in put.bin", "one"u8.ToArray());
        using ContentStore store = _folder.Open();

        using SafeFileHandle file = File.OpenHandle(path, share: FileShare.ReadWrite);

        var failure = await Assert.ThrowsAsync<DiagnosticException>(() => store.Files.GetOrComputeAsync(path, file, "text", () =>
        {
            File.AppendAllText(path, "more");
            return [];
        }, TestContext.Current.CancellationToken).AsTask());

        Assert.Equal("QB4007", failure.Diagnostics[0].Descriptor.Code);
    }

    [Fact]
    public async Task Pruning_forgets_files_that_are_gone()
    {
        string path = WriteOne();
        using ContentStore store = OpenLater();
        await Look(store, path);
        store.Prune(long.MaxValue);
        Assert.NotNull(store.Files.Find(path, "text"));
        File.Delete(path);

        store.Prune(long.MaxValue);

        Assert.Empty(Directory.GetFiles(Path.Combine(_folder.Root, "memo"), "*", SearchOption.AllDirectories));
    }
}
