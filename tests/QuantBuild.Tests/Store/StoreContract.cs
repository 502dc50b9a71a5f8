using QuantBuild.Compiler.Store;

namespace QuantBuild.Tests.Store;

/// <summary>What every store of blobs and actions does. A store passes by a class of its own, which says how one is opened.</summary>
public abstract class StoreContract : IDisposable
{
    private static readonly byte[] Content = [.. Enumerable.Range(0, 300_000).Select(i => (byte)(i * 7 + i / 256))];
    private readonly StoreFolder _folder = new();

    /// <summary>An opened store.</summary>
    /// <param name="Blobs">Its blobs.</param>
    /// <param name="Actions">Its actions.</param>
    /// <param name="Owner">Closes it.</param>
    private protected sealed record Opened(IBlobStore Blobs, IActionCache Actions, IAsyncDisposable? Owner = null) : IAsyncDisposable
    {
        public ValueTask DisposeAsync() => Owner?.DisposeAsync() ?? ValueTask.CompletedTask;
    }

    /// <summary>Opens the store that is kept in a folder, or the one that a server keeps for it.</summary>
    private protected abstract Opened Open(string folder);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private Opened Open() => Open(_folder.PathTo("kept"));

    public void Dispose()
    {
        _folder.Dispose();
        GC.SuppressFinalize(this);
    }

    private static BlobRef RefOf(byte[] content) => new(Digest.Of(content), content.Length);

    private static async Task<BlobRef> Put(IBlobStore store, byte[] content)
    {
        using var stream = new MemoryStream(content);
        await store.PutAsync(RefOf(content), stream, Ct);
        return RefOf(content);
    }

    private static async Task<byte[]?> Get(IBlobStore store, BlobRef blob, long offset = 0)
    {
        await using Stream? stream = await store.OpenAsync(blob, offset, Ct);
        if (stream is null)
            return null;
        using var all = new MemoryStream();
        await stream.CopyToAsync(all, Ct);
        return all.ToArray();
    }

    private static async Task<ActionRecord> Record(IBlobStore store, string name, params string[] outputs)
    {
        var blobs = new Dictionary<string, BlobRef>();
        foreach (string output in outputs)
            blobs.Add(output, await Put(store, System.Text.Encoding.UTF8.GetBytes($"{output} of {name}")));
        return new ActionRecord(Digest.Of(System.Text.Encoding.UTF8.GetBytes(name)), "Gptq", blobs, 1.25, "0.1.0",
            new() { ["layer"] = name, ["damp"] = 0.01 });
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(300_000)]
    public async Task A_blob_comes_back_byte_by_byte_after_the_store_was_opened_again(int length)
    {
        byte[] content = Content[..length];
        BlobRef blob;
        await using (Opened store = Open())
        {
            Assert.False(await store.Blobs.ContainsAsync(RefOf(content), Ct));
            Assert.Null(await Get(store.Blobs, RefOf(content)));
            blob = await Put(store.Blobs, content);
        }

        await using Opened again = Open();

        Assert.True(await again.Blobs.ContainsAsync(blob, Ct));
        Assert.Equal(content, await Get(again.Blobs, blob));
    }

    [Fact]
    public async Task A_blob_is_read_from_any_offset_on()
    {
        await using Opened store = Open();
        BlobRef blob = await Put(store.Blobs, Content);

        foreach (int offset in (int[])[1, 131_072, Content.Length - 1, Content.Length])
            Assert.Equal(Content[offset..], await Get(store.Blobs, blob, offset));
    }

    [Fact]
    public async Task Content_that_is_not_what_its_digest_says_is_refused_and_leaves_nothing()
    {
        await using Opened store = Open();
        byte[] other = [.. Content];
        other[^1] ^= 1;
        using MemoryStream wrong = new(other), shorter = new(Content[..^1]), longer = new([.. Content, 0]);

        foreach (MemoryStream stream in (MemoryStream[])[wrong, shorter, longer])
            await Assert.ThrowsAsync<InvalidDataException>(async () => await store.Blobs.PutAsync(RefOf(Content), stream, Ct));

        Assert.False(await store.Blobs.ContainsAsync(RefOf(Content), Ct));
        Assert.Null(await Get(store.Blobs, RefOf(Content)));
    }

    [Fact]
    public async Task A_blob_whose_transfer_fails_is_not_there_and_can_be_put_again()
    {
        await using Opened store = Open();
        await using var broken = new BrokenStream(Content[..200_000]);

        await Assert.ThrowsAnyAsync<IOException>(async () => await store.Blobs.PutAsync(RefOf(Content), broken, Ct));

        Assert.False(await store.Blobs.ContainsAsync(RefOf(Content), Ct));
        Assert.Equal(Content, await Get(store.Blobs, await Put(store.Blobs, Content)));
    }

    [Fact]
    public async Task A_blob_put_twice_is_one_blob()
    {
        await using Opened store = Open();

        Assert.Equal(await Put(store.Blobs, Content), await Put(store.Blobs, Content));

        Assert.Equal(Content, await Get(store.Blobs, RefOf(Content)));
    }

    [Fact]
    public async Task Many_that_put_and_read_one_blob_see_it_whole_or_not_at_all()
    {
        await using Opened store = Open();

        await Parallel.ForAsync(0, 40, new ParallelOptions { MaxDegreeOfParallelism = 8, CancellationToken = Ct }, async (i, _) =>
        {
            if (i % 2 == 0)
                await Put(store.Blobs, Content);
            else if (await Get(store.Blobs, RefOf(Content)) is { } seen)
            {
                Assert.Equal(Content.Length, seen.Length);
                Assert.Equal(RefOf(Content).Digest, Digest.Of(seen));
            }
        });

        Assert.Equal(Content, await Get(store.Blobs, RefOf(Content)));
    }

    [Fact]
    public async Task A_record_comes_back_as_it_went_in_after_the_store_was_opened_again()
    {
        ActionRecord record;
        await using (Opened store = Open())
        {
            record = await Record(store.Blobs, "blocks.0.ffn.2", "weights", "outcome");
            await store.Actions.PutAsync(record, Ct);
        }

        await using Opened again = Open();
        ActionRecord? found = await again.Actions.FindAsync(record.Key, Ct);

        Assert.NotNull(found);
        Assert.Equal(record.ToJson(_ => null), found.ToJson(_ => null));
    }

    [Fact]
    public async Task A_record_without_outputs_is_a_record()
    {
        await using Opened store = Open();
        ActionRecord record = await Record(store.Blobs, "nothing");
        await store.Actions.PutAsync(record, Ct);

        Assert.Empty((await store.Actions.FindAsync(record.Key, Ct))!.Outputs);
    }

    [Fact]
    public async Task An_unknown_key_is_a_miss()
    {
        await using Opened store = Open();
        await store.Actions.PutAsync(await Record(store.Blobs, "known", "x"), Ct);

        Assert.Null(await store.Actions.FindAsync(Digest.Of("nothing"u8), Ct));
    }

    [Fact]
    public async Task The_last_of_two_records_of_a_key_wins()
    {
        await using Opened store = Open();
        ActionRecord record = await Record(store.Blobs, "a", "x");

        await store.Actions.PutAsync(record, Ct);
        await store.Actions.PutAsync(record with { Seconds = 2 }, Ct);

        Assert.Equal(2, (await store.Actions.FindAsync(record.Key, Ct))!.Seconds);
    }

    [Fact]
    public async Task Many_that_put_and_find_one_record_see_it_whole_or_not_at_all()
    {
        await using Opened store = Open();
        ActionRecord record = await Record(store.Blobs, "a", "x");

        await Parallel.ForAsync(0, 200, new ParallelOptions { MaxDegreeOfParallelism = 8, CancellationToken = Ct }, async (i, _) =>
        {
            if (i % 2 == 0)
                await store.Actions.PutAsync(record with { Seconds = i }, Ct);
            else if (await store.Actions.FindAsync(record.Key, Ct) is { } seen)
                Assert.Equal(record.Outputs["x"], Assert.Single(seen.Outputs).Value);
        });

        Assert.NotNull(await store.Actions.FindAsync(record.Key, Ct));
    }

    /// <summary>A connection that breaks off.</summary>
    private sealed class BrokenStream(byte[] content) : MemoryStream(content)
    {
        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

        public override int Read(Span<byte> buffer) => base.Read(buffer) is > 0 and int read ? read : throw new IOException("broken off");

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            ValueTask.FromResult(Read(buffer.Span));

        public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
            Task.FromResult(Read(buffer.AsSpan(offset, count)));

        public override void CopyTo(Stream destination, int bufferSize) =>
            CopyToAsync(destination, bufferSize, CancellationToken.None).GetAwaiter().GetResult();

        public override async Task CopyToAsync(Stream destination, int bufferSize, CancellationToken cancellationToken)
        {
            byte[] buffer = new byte[bufferSize];
            for (int read; (read = Read(buffer)) > 0;)
                await destination.WriteAsync(buffer.AsMemory(0, read), cancellationToken);
        }
    }
}
