using QuantBuild.Compiler.Store;

namespace QuantBuild.Tests.Store;

/// <summary>What every store of blobs does.</summary>
public abstract class BlobStoreContract : StoreContract
{
    private static readonly byte[] Content = [.. Enumerable.Range(0, 300_000).Select(i => (byte)(i * 7 + i / 256))];

    private static async Task<byte[]?> Get(IBlobStore store, BlobRef blob, long offset = 0)
    {
        await using Stream? stream = await store.OpenAsync(blob, offset, Ct);
        if (stream is null)
            return null;
        using var all = new MemoryStream();
        await stream.CopyToAsync(all, Ct);
        return all.ToArray();
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(300_000)]
    public async Task A_blob_comes_back_byte_by_byte_after_the_store_was_opened_again(int length)
    {
        byte[] content = Content[..length];
        BlobRef blob;
        await using (OpenedStore store = Open())
        {
            Assert.False(await store.Blobs.ContainsAsync(RefOf(content), Ct));
            Assert.Null(await Get(store.Blobs, RefOf(content)));
            blob = await Put(store.Blobs, content);
        }

        await using OpenedStore again = Open();

        Assert.True(await again.Blobs.ContainsAsync(blob, Ct));
        Assert.Equal(content, await Get(again.Blobs, blob));
    }

    [Fact]
    public async Task A_blob_is_read_from_any_offset_on()
    {
        await using OpenedStore store = Open();
        BlobRef blob = await Put(store.Blobs, Content);

        foreach (int offset in (int[])[1, 131_072, Content.Length - 1, Content.Length])
            Assert.Equal(Content[offset..], await Get(store.Blobs, blob, offset));
    }

    [Fact]
    public async Task Content_that_is_not_what_its_digest_says_is_refused_and_leaves_nothing()
    {
        await using OpenedStore store = Open();
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
        await using OpenedStore store = Open();
        await using var broken = new ShortLivedStream(new MemoryStream(Content), 200_000);

        await Assert.ThrowsAnyAsync<IOException>(async () => await store.Blobs.PutAsync(RefOf(Content), broken, Ct));

        Assert.False(await store.Blobs.ContainsAsync(RefOf(Content), Ct));
        Assert.Equal(Content, await Get(store.Blobs, await Put(store.Blobs, Content)));
    }

    [Fact]
    public async Task A_blob_put_twice_is_one_blob()
    {
        await using OpenedStore store = Open();

        Assert.Equal(await Put(store.Blobs, Content), await Put(store.Blobs, Content));

        Assert.Equal(Content, await Get(store.Blobs, RefOf(Content)));
    }

    [Fact]
    public async Task Many_that_put_and_read_one_blob_see_it_whole_or_not_at_all()
    {
        Assert.SkipWhen(WritesInPlace is not null, WritesInPlace ?? "");
        await using OpenedStore store = Open();

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
}
