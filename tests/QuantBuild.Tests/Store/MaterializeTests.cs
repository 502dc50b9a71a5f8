using System.Runtime.Versioning;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Store;

namespace QuantBuild.Tests.Store;

public sealed class MaterializeTests : IDisposable
{
    private readonly StoreFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_materialized_file_is_a_copy_that_its_owner_may_change()
    {
        using ContentStore store = _folder.Open();
        Digest digest = store.Put("content"u8);
        string one = _folder.PathTo("out put", "deep", "one.bin"), two = _folder.PathTo("two.bin");

        Assert.True(store.Materialize(digest, one));
        Assert.True(store.Materialize(digest, two));
        File.AppendAllText(one, " and more");

        Assert.Equal("content and more", File.ReadAllText(one));
        Assert.Equal("content", File.ReadAllText(two));
        Assert.Equal("content"u8.ToArray(), store.Read(digest));
        Assert.Single(Directory.GetFileSystemEntries(Path.GetDirectoryName(one)!));
        Assert.True(store.Materialize(digest, one));
        Assert.Equal("content", File.ReadAllText(one));
    }

    [Fact]
    [UnsupportedOSPlatform("windows")]
    public void A_copy_has_the_mode_of_any_new_file()
    {
        using ContentStore store = _folder.Open();
        string file = _folder.PathTo("file.bin");

        store.Materialize(store.Put("content"u8), file);

        Assert.Equal(File.GetUnixFileMode(_folder.WriteFile("any", [])), File.GetUnixFileMode(file));
    }

    [Fact]
    public void On_demand_a_materialized_file_is_the_blob_itself_where_the_file_system_can_link()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "needs file numbers and hard links");
        using ContentStore store = _folder.Open();
        Digest digest = store.Put("content"u8);
        string destination = _folder.PathTo("file.bin");

        Assert.True(store.Materialize(digest, destination, hardLink: true));
        Assert.False(store.Materialize(digest, destination, hardLink: true));
        Assert.Equal(FileStamp.Of(store.Open(digest))!.Id, FileStamp.Of(destination)!.Id);

        // An older version linked without being asked.
        Assert.True(store.Materialize(digest, destination));
        Assert.NotEqual(FileStamp.Of(store.Open(digest))!.Id, FileStamp.Of(destination)!.Id);
        Assert.Equal("content", File.ReadAllText(destination));
    }

    [Fact]
    public void A_file_that_has_the_content_is_left_alone()
    {
        using ContentStore store = _folder.Open();
        Digest digest = store.Put("content"u8);
        string destination = _folder.PathTo("file.bin");
        store.Materialize(digest, destination);
        DateTime time = File.GetLastWriteTimeUtc(destination);
        StoreFolder.Tick();

        Assert.False(store.Materialize(digest, destination));

        Assert.Equal(time, File.GetLastWriteTimeUtc(destination));
        Assert.Single(Directory.GetFiles(_folder.Base));
    }

    [Fact]
    public void A_file_with_other_content_is_replaced_and_is_newer_than_before()
    {
        using ContentStore store = _folder.Open();
        Digest old = store.Put("old"u8), young = store.Put("new"u8);
        string destination = _folder.PathTo("file.bin");
        store.Materialize(old, destination);
        DateTime before = File.GetLastWriteTimeUtc(destination);

        Assert.True(store.Materialize(young, destination));
        Assert.Equal("new", File.ReadAllText(destination));
        DateTime between = File.GetLastWriteTimeUtc(destination);
        Assert.True(between > before);

        Assert.True(store.Materialize(old, destination));
        Assert.Equal("old", File.ReadAllText(destination));
        Assert.True(File.GetLastWriteTimeUtc(destination) > between);
        Assert.True(BlobSeal.IsIntact(FileStamp.Of(store.PathOf(old))!, old));
    }

    [Fact]
    public void Across_file_systems_the_content_is_copied_once()
    {
        Assert.SkipUnless(Directory.Exists("/dev/shm") && OperatingSystem.IsLinux(), "needs a second file system");
        string other = Path.Combine("/dev/shm", $"quantbuild-{Guid.NewGuid():N}");
        try
        {
            using ContentStore store = _folder.Open();
            Digest digest = store.Put("content"u8);
            string destination = Path.Combine(other, "file.bin");

            Assert.True(store.Materialize(digest, destination));
            Assert.False(store.Materialize(digest, destination));
            Assert.Equal("content", File.ReadAllText(destination));
            Assert.NotEqual(FileStamp.Of(store.Open(digest))!.Id, FileStamp.Of(destination)!.Id);
            ContentStoreBlobTests.Damage(destination, "one bit flipped");

            Assert.True(store.Materialize(digest, destination));
            Assert.Equal("content", File.ReadAllText(destination));
        }
        finally
        {
            Directory.Delete(other, recursive: true);
        }
    }

    [Fact]
    public void Writing_into_a_hard_link_does_not_poison_the_store()
    {
        using ContentStore store = _folder.Open();
        Digest digest = store.Put("content"u8);
        string destination = _folder.PathTo("file.bin"), other = _folder.PathTo("other.bin");
        store.Materialize(digest, destination, hardLink: true);
        Assert.SkipUnless(FileStamp.Of(destination)!.Id == FileStamp.Of(store.PathOf(digest))!.Id, "no hard links here");

        ContentStoreBlobTests.Damage(destination, "one bit flipped");

        Assert.Equal("QB4008", Assert.Throws<DiagnosticException>(() => store.Materialize(digest, other)).Diagnostics[0].Descriptor.Code);
        store.Put("content"u8);
        Assert.True(store.Materialize(digest, destination));
        Assert.Equal("content", File.ReadAllText(destination));
    }

    [Fact]
    public void A_folder_in_place_of_the_file_is_an_error_and_leaves_no_temporary_file()
    {
        using ContentStore store = _folder.Open();
        Digest digest = store.Put("content"u8);
        Directory.CreateDirectory(_folder.PathTo("out", "file.bin", "full"));

        Assert.Throws<DiagnosticException>(() => store.Materialize(digest, _folder.PathTo("out", "file.bin")));

        Assert.Single(Directory.GetFileSystemEntries(_folder.PathTo("out")));
    }

    [Fact]
    public void Threads_that_materialize_one_file_agree()
    {
        using ContentStore store = _folder.Open();
        Digest digest = store.Put("content"u8);
        string destination = _folder.PathTo("out", "file.bin");

        Parallel.For(0, 32, new ParallelOptions { MaxDegreeOfParallelism = 8 }, _ => store.Materialize(digest, destination));

        Assert.Equal("content", File.ReadAllText(destination));
        Assert.Single(Directory.GetFiles(_folder.PathTo("out")));
        Assert.True(store.Contains(digest));
    }
}
