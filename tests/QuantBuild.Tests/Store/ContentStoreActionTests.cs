using System.Text.Json.Nodes;
using QuantBuild.Compiler.Store;

namespace QuantBuild.Tests.Store;

public sealed class ContentStoreActionTests : IDisposable
{
    private readonly StoreFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    internal static ActionRecord Record(ContentStore store, string name, byte[]? content = null)
    {
        byte[] bytes = content ?? System.Text.Encoding.UTF8.GetBytes("output of " + name);
        var key = Digest.Of(System.Text.Encoding.UTF8.GetBytes(name));
        return new ActionRecord(key, "Gptq", new Dictionary<string, BlobRef> { ["weights"] = new(store.Put(bytes), bytes.Length) },
            1.25, "0.1.0", new JsonObject { ["layer"] = name, ["damp"] = 0.01 });
    }

    private string RecordPath(Digest key) => Path.Combine(_folder.Root, "actions", key.ToString()[..2], key + ".json");

    [Fact]
    public void A_record_comes_back_as_it_went_in()
    {
        using ContentStore store = _folder.Open();
        ActionRecord record = Record(store, "blocks.0.ffn.2");

        store.PutAction(record);
        ActionRecord? found = store.FindAction(record.Key);

        Assert.NotNull(found);
        Assert.Equal(record.ToJson(_ => null), found.ToJson(_ => null));
        Assert.Equal(("Gptq", 1.25, "0.1.0"), (found.Stage, found.Seconds, found.Tool));
        Assert.Equal(record.Outputs["weights"], found.Outputs["weights"]);
        Assert.Equal("blocks.0.ffn.2", found.Description["layer"]!.GetValue<string>());
    }

    [Fact]
    public void An_unknown_key_is_a_miss()
    {
        using ContentStore store = _folder.Open();

        Assert.Null(store.FindAction(Digest.Of("nothing"u8)));
    }

    [Theory]
    [InlineData("cut off")]
    [InlineData("one bit flipped")]
    [InlineData("emptied")]
    [InlineData("missing")]
    public void A_record_whose_blob_is_damaged_is_a_miss_and_is_removed(string damage)
    {
        using ContentStore store = _folder.Open();
        ActionRecord record = Record(store, "a");
        store.PutAction(record);
        string blob = store.PathOf(record.Outputs["weights"].Digest);
        if (damage == "missing")
            File.Delete(blob);
        else
            ContentStoreBlobTests.Damage(blob, damage);

        Assert.Null(store.FindAction(record.Key));
        Assert.False(File.Exists(RecordPath(record.Key)));
    }

    [Fact]
    public void A_record_with_any_byte_changed_is_a_miss()
    {
        using ContentStore store = _folder.Open();
        ActionRecord record = Record(store, "a");
        byte[] json = record.ToJson(_ => null);
        for (int i = 0; i < json.Length; i++)
        {
            byte[] damaged = [.. json];
            damaged[i] ^= 4;
            Assert.Null(ActionRecord.Parse(damaged, record.Key));
        }
    }

    [Fact]
    public void A_record_cut_off_anywhere_is_a_miss_and_is_removed()
    {
        using ContentStore store = _folder.Open();
        ActionRecord record = Record(store, "a");
        store.PutAction(record);
        byte[] json = File.ReadAllBytes(RecordPath(record.Key));
        foreach (int length in (int[])[0, 1, json.Length / 2, json.Length - 1])
        {
            File.WriteAllBytes(RecordPath(record.Key), json[..length]);
            Assert.Null(store.FindAction(record.Key));
            Assert.False(File.Exists(RecordPath(record.Key)));
        }
    }

    [Fact]
    public void A_record_renamed_to_another_key_is_a_miss()
    {
        using ContentStore store = _folder.Open();
        ActionRecord record = Record(store, "a");
        store.PutAction(record);
        var other = Digest.Of("other"u8);
        Directory.CreateDirectory(Path.GetDirectoryName(RecordPath(other))!);
        File.Move(RecordPath(record.Key), RecordPath(other));

        Assert.Null(store.FindAction(other));
    }

    [Fact]
    public void The_last_of_two_writers_wins()
    {
        using ContentStore store = _folder.Open();
        ActionRecord record = Record(store, "a");

        store.PutAction(record);
        store.PutAction(record with { Seconds = 2 });

        Assert.Equal(2, store.FindAction(record.Key)!.Seconds);
    }

    [Fact]
    public void Threads_that_write_and_read_one_record_see_it_whole_or_not_at_all()
    {
        using ContentStore store = _folder.Open();
        ActionRecord record = Record(store, "a");
        int found = 0;

        Parallel.For(0, 200, new ParallelOptions { MaxDegreeOfParallelism = 8 }, i =>
        {
            if (i % 2 == 0)
                store.PutAction(record with { Seconds = i });
            else if (store.FindAction(record.Key) is { } seen && seen.Outputs.Count == 1)
                Interlocked.Increment(ref found);
        });

        Assert.True(found > 0);
        Assert.NotNull(store.FindAction(record.Key));
    }

    [Fact]
    public void A_record_keeps_the_fast_digest_of_its_blobs()
    {
        using ContentStore store = _folder.Open();
        ActionRecord record = Record(store, "a", "content"u8.ToArray());

        store.PutAction(record);

        Assert.Contains($"\"xxh128\":\"{FastDigest.Of("content"u8)}\"", File.ReadAllText(RecordPath(record.Key)), StringComparison.Ordinal);
    }

    [Fact]
    public void A_record_of_an_older_version_is_a_hit_whose_blobs_are_verified_once_and_then_known()
    {
        ActionRecord record;
        using (ContentStore store = _folder.Open())
        {
            record = Record(store, "a");
            store.PutAction(record);
            File.WriteAllBytes(RecordPath(record.Key), record.ToJson(_ => null));
            // An older version's seal is another time.
            File.SetLastWriteTimeUtc(store.PathOf(record.Outputs["weights"].Digest), new DateTime(2026, 1, 1, 0, 0, 0, DateTimeKind.Utc));
        }

        using ContentStore later = _folder.Open();
        Assert.NotNull(later.FindAction(record.Key));

        Assert.Contains("xxh128", File.ReadAllText(RecordPath(record.Key)), StringComparison.Ordinal);
        Digest blob = record.Outputs["weights"].Digest;
        Assert.True(BlobSeal.IsIntact(FileStamp.Of(later.PathOf(blob))!, blob));
    }

    [Fact]
    public void A_record_of_an_older_version_whose_blob_changed_is_a_miss()
    {
        using ContentStore store = _folder.Open();
        ActionRecord record = Record(store, "a");
        store.PutAction(record);
        store.Dispose();
        File.WriteAllBytes(RecordPath(record.Key), record.ToJson(_ => null));
        ContentStoreBlobTests.DamageSecretly(store.PathOf(record.Outputs["weights"].Digest));

        using ContentStore later = _folder.Open();

        Assert.Null(later.FindAction(record.Key));
    }
}
