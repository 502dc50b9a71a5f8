using QuantBuild.Compiler.Store;

namespace QuantBuild.Tests.Store;

/// <summary>The local store as one of several.</summary>
public sealed class ContentStoreContractTests : StoreContract
{
    private protected override Opened Open(string folder)
    {
        ContentStore store = ContentStore.Open(folder);
        return new Opened(store, store, new Owner(store));
    }

    private sealed class Owner(ContentStore store) : IAsyncDisposable
    {
        public ValueTask DisposeAsync()
        {
            store.Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
