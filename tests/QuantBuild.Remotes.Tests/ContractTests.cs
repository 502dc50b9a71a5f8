using QuantBuild.Compiler.Store.Remote;
using QuantBuild.Remotes.Tests.Servers;
using QuantBuild.Tests.Store;

namespace QuantBuild.Remotes.Tests;

/// <summary>A real server of Amazon's protocol as a store of blobs.</summary>
public sealed class S3BlobStoreTests(S3Server server) : BlobStoreContract, IClassFixture<S3Server>
{
    private protected override string? WritesInPlace => S3Server.WritesInPlace;

    private protected override OpenedStore Open(string folder) => Opened.By(server, folder);
}

/// <summary>A real server of Amazon's protocol as a store of actions.</summary>
public sealed class S3ActionCacheTests(S3Server server) : ActionCacheContract, IClassFixture<S3Server>
{
    private protected override string? WritesInPlace => S3Server.WritesInPlace;

    private protected override OpenedStore Open(string folder) => Opened.By(server, folder);
}

/// <summary>Azurite as a store of blobs.</summary>
public sealed class AzureBlobStoreTests(AzuriteServer server) : BlobStoreContract, IClassFixture<AzuriteServer>
{
    private protected override OpenedStore Open(string folder) => Opened.By(server, folder);
}

/// <summary>Azurite as a store of actions.</summary>
public sealed class AzureActionCacheTests(AzuriteServer server) : ActionCacheContract, IClassFixture<AzuriteServer>
{
    private protected override OpenedStore Open(string folder) => Opened.By(server, folder);
}

/// <summary>A store per folder that a contract asks for, under a name with a space. s3rver writes XML that is none about others.</summary>
file static class Opened
{
    public static OpenedStore By(CloudServer server, string folder)
    {
        RemoteStore remote = server.Open(server.AddressOf($"a%20store/{Path.GetFileName(Path.GetDirectoryName(folder)!).Split(' ')[^1]}"));
        return new OpenedStore(remote.Blobs, remote.Actions, () =>
        {
            remote.Dispose();
            return ValueTask.CompletedTask;
        });
    }
}
