using System.Text.Json.Nodes;
using QuantBuild.Compiler.Store;

namespace QuantBuild.Tests.Store;

/// <summary>A store whose file system keeps locks to a machine, or keeps none.</summary>
public sealed class UnlockedStoreTests : IDisposable
{
    private readonly StoreFolder _folder = new();

    private string Temporary => Path.Combine(_folder.Root, "tmp");

    private string User => Assert.Single(Directory.GetFiles(Path.Combine(_folder.Root, "locks", "users")));

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Without_locks_nobody_deletes_what_another_process_is_writing()
    {
        using ChildProcess writer = ChildProcess.StartWithoutLocks("write a blob", _folder.Root);
        Assert.Equal("half", writer.ReadLine());
        using (ChildProcess cleaner = ChildProcess.StartWithoutLocks("clear", _folder.Root))
            Assert.Equal("cleared", cleaner.ReadLine());

        writer.Continue();

        Assert.Equal(Digest.Of(new byte[2_000_000]).ToString(), writer.ReadLine());
    }

    [Fact]
    public void Without_locks_what_a_killed_process_left_is_removed()
    {
        using ChildProcess writer = ChildProcess.StartWithoutLocks("write a blob", _folder.Root);
        Assert.Equal("half", writer.ReadLine());
        writer.Kill();

        using (ChildProcess cleaner = ChildProcess.StartWithoutLocks("clear", _folder.Root))
            Assert.Equal("cleared", cleaner.ReadLine());

        Assert.Empty(Directory.GetFiles(Temporary, "*", SearchOption.AllDirectories));
    }

    [Fact]
    public void What_another_machine_writes_stays_until_that_has_been_silent_for_a_day()
    {
        using ChildProcess writer = ChildProcess.StartWithoutLocks("write a blob", _folder.Root);
        Assert.Equal("half", writer.ReadLine());
        string user = User;
        JsonNode elsewhere = JsonNode.Parse(File.ReadAllText(user))!;
        elsewhere["Machine"] = "another";
        elsewhere["Process"] = 1 << 22;
        File.WriteAllText(user, elsewhere.ToJsonString());

        using (ContentStore store = _folder.Open())
            store.Clear();
        Assert.Single(Directory.GetFiles(Temporary, "*", SearchOption.AllDirectories));

        File.SetLastWriteTimeUtc(user, DateTime.UtcNow - TimeSpan.FromHours(25));
        using (ContentStore store = _folder.Open())
            Assert.Empty(Directory.GetFiles(Temporary, "*", SearchOption.AllDirectories));
    }

    [Fact]
    public void A_process_that_uses_a_store_says_now_and_then_that_it_lives()
    {
        TimeSpan usual = StoreUser.Pulse;
        using ContentStore store = _folder.Open();
        DateTime before = DateTime.UtcNow - TimeSpan.FromHours(20);
        File.SetLastWriteTimeUtc(User, before);
        try
        {
            store.Put("one"u8);
            Assert.Equal(before, File.GetLastWriteTimeUtc(User), TimeSpan.FromSeconds(2));

            StoreUser.Pulse = TimeSpan.FromMilliseconds(-1);
            store.Put("two"u8);
            Assert.InRange(DateTime.UtcNow - File.GetLastWriteTimeUtc(User), TimeSpan.FromMinutes(-1), TimeSpan.FromMinutes(5));
        }
        finally
        {
            StoreUser.Pulse = usual;
        }
    }

    [Fact]
    public void Locks_hold_on_this_file_system_and_the_probe_leaves_nothing()
    {
        string probe = _folder.PathTo("probe.lock");

        Assert.True(FileLocks.Hold(probe));
        Assert.False(File.Exists(probe));
    }
}
