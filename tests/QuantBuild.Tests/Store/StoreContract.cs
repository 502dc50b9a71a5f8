using QuantBuild.Compiler.Store;

namespace QuantBuild.Tests.Store;

/// <summary>A contract that stores pass by a class of their own each, which says how one is opened.</summary>
public abstract class StoreContract : IDisposable
{
    private readonly StoreFolder _folder = new();

    /// <summary>Opens the store that is kept in a folder, or the one that a server keeps for it.</summary>
    private protected abstract OpenedStore Open(string folder);

    /// <summary>
    /// Says of a server for tests that it shows objects while they are written, which those that it stands for do not; null for others.
    /// </summary>
    private protected virtual string? WritesInPlace => null;

    private protected static CancellationToken Ct => TestContext.Current.CancellationToken;

    private protected OpenedStore Open() => Open(_folder.PathTo("kept"));

    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    protected virtual void Dispose(bool disposing)
    {
        if (disposing)
            _folder.Dispose();
    }

    private protected static BlobRef RefOf(byte[] content) => new(Digest.Of(content), content.Length);

    private protected static async Task<BlobRef> Put(IBlobStore store, byte[] content)
    {
        using var stream = new MemoryStream(content);
        await store.PutAsync(RefOf(content), stream, Ct);
        return RefOf(content);
    }
}
