using QuantBuild.Compiler.Store;

namespace QuantBuild.Tests.Store;

/// <summary>The local store as a store of blobs.</summary>
public sealed class LocalBlobStoreTests : BlobStoreContract
{
    private protected override OpenedStore Open(string folder) => LocalActionCacheTests.OpenLocal(folder);
}

/// <summary>The local store as a store of actions.</summary>
public sealed class LocalActionCacheTests : ActionCacheContract
{
    private protected override OpenedStore Open(string folder) => OpenLocal(folder);

    internal static OpenedStore OpenLocal(string folder)
    {
        ContentStore store = ContentStore.Open(folder);
        return new OpenedStore(store, store, () =>
        {
            store.Dispose();
            return ValueTask.CompletedTask;
        });
    }
}
