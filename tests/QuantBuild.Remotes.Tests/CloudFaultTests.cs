using QuantBuild.Compiler.Store.Remote;
using QuantBuild.Remotes.Objects;
using QuantBuild.Remotes.S3;
using QuantBuild.Remotes.AzureBlobs;
using QuantBuild.Remotes.Tests.Servers;
using QuantBuild.Tests.Store.Remote;

namespace QuantBuild.Remotes.Tests;

/// <summary>Machines that share a server of Amazon's protocol over a bad line.</summary>
public sealed class S3FaultTests : RemoteFaultContract
{
    private protected override IFaultyServer StartServer() => new FaultyCloud(new S3Server(), "*_object",
        (address, options) => S3Address.Open(address, address.AbsoluteUri, options));
}

/// <summary>Machines that share Azurite over a bad line.</summary>
public sealed class AzureFaultTests : RemoteFaultContract
{
    // What is no blob is the server's own book of them.
    private protected override IFaultyServer StartServer() => new FaultyCloud(new AzuriteServer(), "????????-????-????-????-????????????",
        (address, options) => BlobAddress.Open(address, address.AbsoluteUri, options));
}

file sealed class FaultyCloud(CloudServer server, string pattern, Func<Uri, RemoteStoreOptions, IObjects> open) : IFaultyServer
{
    private readonly string _address = server.AddressOf("faults");

    public int Port => server.Port;

    public string[] Files => Directory.GetFiles(server.Files, pattern, SearchOption.AllDirectories);

    public void Kill() => server.Kill();

    public void Start() => server.Start();

    public RemoteStore Open(int port, bool patient)
    {
        var store = new ObjectStore(open(new Uri(_address), server.Options(_address, port)),
            patient ? TimeSpan.FromMinutes(2) : TimeSpan.FromSeconds(0.8));
        return new RemoteStore(_address, store, store);
    }

    public void Dispose() => server.Dispose();
}
