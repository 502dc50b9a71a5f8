using System.Text.RegularExpressions;
using Azure;
using Azure.Core;
using Azure.Identity;
using Azure.Storage;
using Azure.Storage.Blobs;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Store.Remote;

namespace QuantBuild.Remotes.AzureBlobs;

/// <summary>
/// From <c>azblob://account/container/prefix</c> to its objects. Credentials are those of the Azure command line's variables, the first
/// that is set: a connection string, a key, a shared access signature; else those that <c>DefaultAzureCredential</c> finds.
/// </summary>
internal static partial class BlobAddress
{
    private const string ConnectionVariable = "AZURE_STORAGE_CONNECTION_STRING", KeyVariable = "AZURE_STORAGE_KEY",
        SignatureVariable = "AZURE_STORAGE_SAS_TOKEN", ServiceVariable = "AZURE_STORAGE_SERVICE_ENDPOINT";

    /// <summary>Opens the objects; nothing is asked of them yet.</summary>
    /// <param name="address">The address.</param>
    /// <param name="shown">The same, for messages.</param>
    /// <param name="options">Look environment variables up.</param>
    /// <exception cref="DiagnosticException">It names no container (QB4090), or settings are wrong (QB4122).</exception>
    public static BlobObjects Open(Uri address, string shown, RemoteStoreOptions options)
    {
        string account = address.Host;
        string[] path = Uri.UnescapeDataString(address.AbsolutePath).Trim('/').Split('/', 2);
        if (!Account().IsMatch(account) || address.Port >= 0)
            throw new DiagnosticException(Descriptors.RemoteInvalid.At(null, shown,
                $"'{address.Authority}' is not the name of an account"));
        if (!Container().IsMatch(path[0]))
            throw new DiagnosticException(Descriptors.RemoteInvalid.At(null, shown, $"'{path[0]}' is not the name of a container"));
        (BlobServiceClient service, string credentials) = Connect(account, shown, options);
        if (service.AccountName != account)
            throw Wrong(shown, $"{ConnectionVariable} is for the account '{service.AccountName}'");
        RemoteAddress.RequirePrivacy(service.Uri, shown, options);
        string prefix = path.Length > 1 ? $"{path[1].TrimEnd('/')}/" : "";
        return new BlobObjects(service.GetBlobContainerClient(path[0]), prefix, credentials);
    }

    private static (BlobServiceClient Service, string Credentials) Connect(string account, string shown, RemoteStoreOptions options)
    {
        try
        {
            if (options.Environment(ConnectionVariable) is { Length: > 0 } connection)
                return (new BlobServiceClient(connection, Limits()), $"those of {ConnectionVariable}");
            Uri server = options.Environment(ServiceVariable) is { Length: > 0 } named ? new Uri(named, UriKind.Absolute)
                : new Uri($"https://{account}.blob.core.windows.net");
            if (options.Environment(KeyVariable) is { Length: > 0 } key)
                return (new BlobServiceClient(server, new StorageSharedKeyCredential(account, key), Limits()), $"those of {KeyVariable}");
            if (options.Environment(SignatureVariable) is { Length: > 0 } signature)
                return (new BlobServiceClient(server, new AzureSasCredential(signature), Limits()), $"those of {SignatureVariable}");
            return (new BlobServiceClient(server, new DefaultAzureCredential(), Limits()), "those that Azure's SDK found");
        }
        catch (Exception failure) when (failure is FormatException or ArgumentException)
        {
            // What is not understood may be a secret.
            throw Wrong(shown, $"one of {ConnectionVariable}, {KeyVariable}, {SignatureVariable} and {ServiceVariable} has no such value");
        }
    }

    private static BlobClientOptions Limits() => new()
    {
        Retry =
        {
            Mode = RetryMode.Exponential,
            MaxRetries = 2,
            Delay = TimeSpan.FromMilliseconds(200),
            MaxDelay = TimeSpan.FromSeconds(2),
            NetworkTimeout = TimeSpan.FromMinutes(5), // the store's calls have limits of their own
        },
        Diagnostics = { IsLoggingEnabled = false, IsTelemetryEnabled = false, IsDistributedTracingEnabled = false },
    };

    private static DiagnosticException Wrong(string shown, string why) => new(Descriptors.RemoteSettings.At(null, shown, why));

    [GeneratedRegex(@"^[a-z0-9]{3,24}\z")]
    private static partial Regex Account();

    [GeneratedRegex(@"^[a-z0-9$][a-z0-9-]{2,62}\z")]
    private static partial Regex Container();
}
