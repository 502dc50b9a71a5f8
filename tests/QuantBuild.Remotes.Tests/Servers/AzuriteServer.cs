using System.Globalization;
using System.Security.Cryptography;
using Azure.Storage.Blobs;

namespace QuantBuild.Remotes.Tests.Servers;

/// <summary>Azurite, the emulator of Azure Blob Storage.</summary>
public sealed class AzuriteServer : CloudServer
{
    private const string Account = "quantbuildtests", Container = "stores";

    private readonly string _key = Convert.ToBase64String(RandomNumberGenerator.GetBytes(64));

    public AzuriteServer() : base(Path.Combine("azurite", "dist", "src", "blob", "main.js"))
    {
        Start();
    }

    /// <summary>A server that is killed may have forgotten the container: it writes its book now and then.</summary>
    private protected override void Prepare() =>
        new BlobServiceClient(Connection(Port, _key)).GetBlobContainerClient(Container).CreateIfNotExists();

    public override string WrongSecret { get; } = Convert.ToBase64String(RandomNumberGenerator.GetBytes(64));

    public override string MissingAddress => $"azblob://{Account}/no-such-container/store";

    private protected override IEnumerable<string> Arguments =>
        ["--silent", "--skipApiVersionCheck", "--disableTelemetry", "--blobHost", "127.0.0.1", "--blobPort", PortText, "--location", Files];

    private protected override IReadOnlyDictionary<string, string?> ServerVariables =>
        new Dictionary<string, string?> { ["AZURITE_ACCOUNTS"] = $"{Account}:{_key}" };

    public override IReadOnlyDictionary<string, string?> Variables(int port, string? secret = null) =>
        new Dictionary<string, string?> { ["AZURE_STORAGE_CONNECTION_STRING"] = Connection(port, secret ?? _key) };

    public override string AddressOf(string prefix) => $"azblob://{Account}/{Container}/{prefix}";

    private static string Connection(int port, string key) => string.Create(CultureInfo.InvariantCulture,
        $"DefaultEndpointsProtocol=http;AccountName={Account};AccountKey={key};BlobEndpoint=http://127.0.0.1:{port}/{Account};");
}
