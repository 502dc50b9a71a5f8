using System.Runtime.Versioning;
using System.Text;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Store;

namespace QuantBuild.Tests.Store;

public sealed class ContentStoreBlobTests : IDisposable
{
    private static readonly byte[] Content = [.. Enumerable.Range(0, 300_000).Select(i => (byte)(i * 7 + i / 256))];
    private readonly StoreFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_blob_is_found_by_the_SHA256_of_its_content()
    {
        using ContentStore store = _folder.Open();

        Digest digest = store.Put("hello"u8);

        Assert.Equal("2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824", digest.ToString());
        Assert.Equal("hello"u8.ToArray(), store.Read(digest));
        Assert.Equal(Path.Combine(_folder.Root, "blobs", "sha256", "2c", digest.ToString()), store.Open(digest));
        Assert.Equal(new BlobRef(digest, 5), store.RefOf(digest));
    }

    [Fact]
    public void A_blob_written_in_pieces_equals_the_one_written_at_once()
    {
        using ContentStore store = _folder.Open();
        using BlobWriter writer = store.CreateBlob();
        for (int start = 0; start < Content.Length; start += 1000)
            writer.Write(Content, start, Math.Min(1000, Content.Length - start));

        Assert.Equal(Content.Length, writer.Length);
        Assert.Equal(store.Put(Content), writer.Commit());
    }

    [Fact]
    public void An_empty_blob_is_a_blob()
    {
        using ContentStore store = _folder.Open();

        Digest digest = store.Put([]);

        Assert.True(store.Contains(digest));
        Assert.Empty(store.Read(digest));
    }

    [Fact]
    public void A_writer_that_is_dropped_leaves_nothing()
    {
        using ContentStore store = _folder.Open();

        using (BlobWriter writer = store.CreateBlob())
            writer.Write(Content);

        Assert.Empty(Directory.GetFiles(Path.Combine(_folder.Root, "tmp"), "*", SearchOption.AllDirectories));
        Assert.False(store.Contains(Digest.Of(Content)));
    }

    [Fact]
    public void Content_that_is_there_already_is_kept_and_the_copy_dropped()
    {
        using ContentStore store = _folder.Open();
        string? first = FileStamp.Of(store.PathOf(store.Put(Content)))?.Id;

        Digest digest = store.Put(Content);

        Assert.Equal(first, FileStamp.Of(store.PathOf(digest))!.Id);
        Assert.Empty(Directory.GetFiles(Path.Combine(_folder.Root, "tmp"), "*", SearchOption.AllDirectories));
    }

    [Fact]
    [UnsupportedOSPlatform("windows")]
    public void Blobs_are_read_only()
    {
        using ContentStore store = _folder.Open();

        UnixFileMode mode = File.GetUnixFileMode(store.Open(store.Put(Content)));

        Assert.Equal(UnixFileMode.None, mode & (UnixFileMode.UserWrite | UnixFileMode.GroupWrite | UnixFileMode.OtherWrite));
    }

    [Theory]
    [InlineData("cut off")]
    [InlineData("one bit flipped")]
    [InlineData("emptied")]
    [InlineData("grown")]
    public void A_damaged_blob_is_missing_and_deleted(string damage)
    {
        Digest digest;
        using (ContentStore store = _folder.Open())
            digest = store.Put(Content);

        using ContentStore later = _folder.Open();
        Damage(later.PathOf(digest), damage);

        Assert.Null(later.TryOpen(digest));
        Assert.False(File.Exists(later.PathOf(digest)));
        Assert.Equal("QB4008", Assert.Throws<DiagnosticException>(() => later.Read(digest)).Diagnostics[0].Descriptor.Code);
    }

    [Fact]
    public void A_damaged_blob_is_replaced_when_its_content_is_put_again()
    {
        using ContentStore store = _folder.Open();
        Digest digest = store.Put(Content);
        Damage(store.PathOf(digest), "one bit flipped");

        store.Put(Content);

        Assert.Equal(Content, store.Read(digest));
    }

    [Fact]
    public void A_blob_copied_without_its_times_is_hashed_once_and_trusted_again()
    {
        using ContentStore store = _folder.Open();
        Digest digest = store.Put(Content);
        File.SetLastWriteTimeUtc(store.PathOf(digest), new DateTime(2020, 1, 1, 0, 0, 0, DateTimeKind.Utc));

        Assert.True(store.Contains(digest));

        Assert.True(BlobSeal.IsIntact(FileStamp.Of(store.PathOf(digest))!, digest));
    }

    [Theory]
    [InlineData("open")]
    [InlineData("read")]
    [InlineData("materialize")]
    [InlineData("verify")]
    public void Bytes_that_changed_under_an_unchanged_time_are_noticed_by_whoever_reads_them(string way)
    {
        Digest digest;
        ActionRecord record;
        using (ContentStore store = _folder.Open())
        {
            record = ContentStoreActionTests.Record(store, "a", Content);
            store.PutAction(record);
            digest = record.Outputs["weights"].Digest;
            DamageSecretly(store.PathOf(digest));
        }

        using ContentStore later = _folder.Open();
        // Found, as nothing was read yet.
        Assert.NotNull(later.FindAction(record.Key));
        Action read = way switch
        {
            "open" => () => later.Open(digest),
            "read" => () => later.Read(digest),
            "materialize" => () => later.Materialize(digest, _folder.PathTo("file.bin")),
            _ => () => Assert.NotEqual([digest], later.Verify(ct: TestContext.Current.CancellationToken).Damaged),
        };

        Assert.ThrowsAny<Exception>(read);

        Assert.False(File.Exists(later.PathOf(digest)));
        Assert.Null(later.FindAction(record.Key));
        later.Put(Content);
        Assert.Equal(Content, later.Read(digest));
    }

    [Fact]
    public void A_full_disk_is_reported_as_such_and_leaves_nothing()
    {
        Assert.SkipUnless(File.Exists("/dev/full"), "needs /dev/full");
        using ContentStore store = _folder.Open();
        string path = Path.Combine(_folder.Root, "tmp", "x");
        using var writer = new BlobWriter((_, _, _) => Assert.Fail("published"), path,
            new FileStream("/dev/full", FileMode.Open, FileAccess.Write, FileShare.ReadWrite, 4096));

        var failure = Assert.Throws<DiagnosticException>(() =>
        {
            writer.Write(Content);
            writer.Commit();
        });

        Assert.Equal("QB4003", failure.Diagnostics[0].Descriptor.Code);
        Assert.Contains(path, failure.Diagnostics[0].Message, StringComparison.Ordinal);
        Assert.Contains("MiB free", failure.Diagnostics[0].Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Many_threads_putting_the_same_content_agree_on_one_blob()
    {
        using ContentStore store = _folder.Open();
        var digests = new Digest[32];

        Parallel.For(0, digests.Length, new ParallelOptions { MaxDegreeOfParallelism = 8 }, i =>
            digests[i] = store.Put(Encoding.UTF8.GetBytes($"content {i % 4}")));

        Assert.Equal(4, digests.Distinct().Count());
        Assert.Equal(4, store.Statistics().Blobs);
        Assert.All(digests, digest => Assert.True(store.Contains(digest)));
    }

    /// <summary>Changes a byte and puts the time of writing back.</summary>
    internal static void DamageSecretly(string path)
    {
        DateTime time = File.GetLastWriteTimeUtc(path);
        Damage(path, "one bit flipped");
        File.SetLastWriteTimeUtc(path, time);
    }

    internal static void Damage(string path, string damage)
    {
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        using var file = new FileStream(path, FileMode.Open, FileAccess.ReadWrite);
        switch (damage)
        {
            case "cut off":
                file.SetLength(file.Length - 1);
                break;
            case "emptied":
                file.SetLength(0);
                break;
            case "grown":
                file.Position = file.Length;
                file.WriteByte(0);
                break;
            default:
                file.Position = file.Length / 2;
                int value = file.ReadByte();
                file.Position--;
                file.WriteByte((byte)(value ^ 1));
                break;
        }
    }
}
