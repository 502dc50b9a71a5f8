using QuantBuild.Compiler.Store;
using QuantBuild.Compiler.Store.Remote;

namespace QuantBuild.Tests.Store.Remote;

/// <summary>A shared folder as a store of blobs.</summary>
public sealed class FolderBlobStoreTests : BlobStoreContract
{
    private protected override OpenedStore Open(string folder) => FolderActionCacheTests.OpenFolder(folder);
}

/// <summary>A shared folder as a store of actions.</summary>
public sealed class FolderActionCacheTests : ActionCacheContract
{
    private protected override OpenedStore Open(string folder) => OpenFolder(folder);

    internal static OpenedStore OpenFolder(string folder)
    {
        Directory.CreateDirectory(folder);
        var store = new FolderStore(folder);
        return new OpenedStore(store, store, () => ValueTask.CompletedTask);
    }
}

/// <summary>What only a shared folder has.</summary>
public sealed class FolderStoreTests : IDisposable
{
    private readonly StoreFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Files_lie_where_Bazels_HTTP_cache_has_them_and_nothing_else_remains()
    {
        var store = new FolderStore(_folder.Base);
        var blob = new BlobRef(Digest.Of("x"u8), 1);
        using var content = new MemoryStream([(byte)'x']);
        await store.PutAsync(blob, content, Ct);
        var record = new ActionRecord(Digest.Of("key"u8), "Gptq", new Dictionary<string, BlobRef> { ["w"] = blob }, 1, "0.1.0", []);
        await store.PutAsync(record, Ct);

        Assert.Equal([Path.Combine("ac", record.Key.ToString()), Path.Combine("cas", blob.Digest.ToString())],
            Directory.GetFiles(_folder.Base, "*", SearchOption.AllDirectories).Select(path => Path.GetRelativePath(_folder.Base, path))
                .Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_folder_that_is_not_there_is_a_failure_and_no_empty_store()
    {
        var store = new FolderStore(_folder.PathTo("not mounted"));
        var blob = new BlobRef(Digest.Of("x"u8), 1);
        using var content = new MemoryStream([(byte)'x']);

        await Assert.ThrowsAsync<DirectoryNotFoundException>(async () => await store.FindAsync(blob.Digest, Ct));
        await Assert.ThrowsAsync<DirectoryNotFoundException>(async () => await store.ContainsAsync(blob, Ct));
        await Assert.ThrowsAsync<DirectoryNotFoundException>(async () => await store.OpenAsync(blob, 0, Ct));
        await Assert.ThrowsAsync<DirectoryNotFoundException>(async () => await store.PutAsync(blob, content, Ct));

        Assert.False(Directory.Exists(_folder.PathTo("not mounted")));
    }

    [Fact]
    public async Task A_record_that_is_damaged_anywhere_or_another_keys_is_a_miss()
    {
        var store = new FolderStore(_folder.Base);
        var record = new ActionRecord(Digest.Of("key"u8), "Gptq",
            new Dictionary<string, BlobRef> { ["w"] = new(Digest.Of("x"u8), 1) }, 1, "0.1.0", []);
        await store.PutAsync(record, Ct);
        string path = _folder.PathTo("ac", record.Key.ToString());
        byte[] whole = await File.ReadAllBytesAsync(path, Ct);
        int raw = whole.AsSpan().IndexOf("{"u8);

        for (int i = 0; i < whole.Length; i++)
        {
            byte[] damaged = [.. whole];
            damaged[i] ^= 4;
            await File.WriteAllBytesAsync(path, damaged, Ct);
            ActionRecord? found = await store.FindAsync(record.Key, Ct);
            // The list of outputs is for servers that check messages; the record has its own, with a checksum.
            if (i >= raw)
                Assert.Null(found);
            else if (found is not null)
                Assert.Equal(record.ToJson(_ => null), found.ToJson(_ => null));
            await File.WriteAllBytesAsync(path, whole.AsMemory(0, i), Ct);
            Assert.Null(await store.FindAsync(record.Key, Ct));
        }
        await File.WriteAllBytesAsync(_folder.PathTo("ac", Digest.Of("other"u8).ToString()), whole, Ct);
        Assert.Null(await store.FindAsync(Digest.Of("other"u8), Ct));
    }

    [Theory]
    [InlineData("team/store", "not an absolute URL")]
    [InlineData("ftp://host/store", "'ftp' is not a protocol")]
    [InlineData("file://host/store", "'host' after two slashes is a machine")]
    public void An_address_that_is_none_is_refused(string address, string reason)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "other machines' shares have such addresses there");

        Assert.Contains(reason, Refusal(address, "/local"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("a/b", "a/b")]
    [InlineData("a/b/", "a/b")]
    [InlineData("a/b", "a")]
    [InlineData("a", "a/b/c")]
    public void A_folder_that_shares_its_place_with_the_local_store_is_refused(string remote, string local) =>
        Assert.Contains("one inside the other",
            Refusal(new Uri(_folder.PathTo(remote)).AbsoluteUri, _folder.PathTo(local)), StringComparison.Ordinal);

    [Fact]
    public async Task An_address_leads_to_its_folder_with_spaces_and_letters_beyond_ASCII()
    {
        using RemoteStore remote = RemoteAddress.Open(new(new Uri(_folder.Base).AbsoluteUri), "/elsewhere");

        Assert.False(await remote.Blobs.ContainsAsync(new BlobRef(Digest.Of("x"u8), 1), Ct));
    }

    private static string Refusal(string url, string local)
    {
        var failure = Assert.Throws<Compiler.Diagnostics.DiagnosticException>(() => RemoteAddress.Open(new(url), local));
        Assert.Equal("QB4090", Assert.Single(failure.Diagnostics).Descriptor.Code);
        return failure.Message;
    }
}
