using System.Diagnostics.CodeAnalysis;
using QuantBuild.Compiler.Extensions;
using QuantBuild.Compiler.Store.Remote;
using QuantBuild.Remotes;
using QuantBuild.Remotes.AzureBlobs;
using QuantBuild.Remotes.Objects;
using QuantBuild.Remotes.S3;

[assembly: Provider(typeof(CloudRemotes))]

namespace QuantBuild.Remotes;

/// <summary>Shared stores at clouds: <c>s3://bucket/prefix</c> and <c>azblob://account/container/prefix</c>.</summary>
internal sealed class CloudRemotes : IRemoteProvider
{
    private static readonly TimeSpan Stall = TimeSpan.FromSeconds(5);

    /// <inheritdoc/>
    [SuppressMessage("Reliability", "CA2000:Dispose objects before losing scope", Justification = "The result owns the store.")]
    public RemoteStore Open(Uri address, string shown, RemoteStoreOptions options)
    {
        IObjects objects = address.Scheme == "s3" ? S3Address.Open(address, shown, options) : BlobAddress.Open(address, shown, options);
        var store = new ObjectStore(objects, Stall);
        return new RemoteStore(shown, store, store);
    }
}
