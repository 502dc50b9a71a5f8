using System.Diagnostics.CodeAnalysis;
using System.Text.RegularExpressions;
using Amazon;
using Amazon.Runtime;
using Amazon.S3;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Store.Remote;

namespace QuantBuild.Remotes.S3;

/// <summary>
/// From <c>s3://bucket/prefix</c> to its objects. Region, server and credentials are those of the AWS command line: environment variables
/// and profiles; credentials are resolved by the SDK's own chain when the first request is made.
/// </summary>
internal static partial class S3Address
{
    // Both variables are the SDKs' own: that of the service goes before that of all services.
    private static readonly string[] EndpointVariables = ["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"];

    private static readonly string[] RegionVariables = ["AWS_REGION", "AWS_DEFAULT_REGION"];

    /// <summary>Opens the objects; nothing is asked of them yet.</summary>
    /// <param name="address">The address.</param>
    /// <param name="shown">The same, for messages.</param>
    /// <param name="options">Look environment variables up.</param>
    /// <exception cref="DiagnosticException">It names no bucket (QB4090), or settings are missing or wrong (QB4122).</exception>
    [SuppressMessage("Reliability", "CA2000:Dispose objects before losing scope", Justification = "The result owns the client.")]
    public static S3Objects Open(Uri address, string shown, RemoteStoreOptions options)
    {
        string bucket = address.Host;
        if (!Bucket().IsMatch(bucket) || address.Port >= 0)
            throw new DiagnosticException(Descriptors.RemoteInvalid.At(null, shown, $"'{address.Authority}' is not the name of a bucket"));
        string prefix = Uri.UnescapeDataString(address.AbsolutePath).Trim('/');
        return new S3Objects(new AmazonS3Client(Configured(shown, options)), bucket, prefix.Length == 0 ? "" : $"{prefix}/");
    }

    private static AmazonS3Config Configured(string shown, RemoteStoreOptions options)
    {
        string? region = First(RegionVariables, options);
        var config = new AmazonS3Config
        {
            MaxErrorRetry = 2,
            RetryMode = RequestRetryMode.Standard,
            Timeout = System.Threading.Timeout.InfiniteTimeSpan, // the store's calls have limits of their own
            ConnectTimeout = TimeSpan.FromSeconds(5),
            // Requests are signed over the SHA-256 of what they carry, and blobs are hashed when they arrive.
            RequestChecksumCalculation = RequestChecksumCalculation.WHEN_REQUIRED,
            ResponseChecksumValidation = ResponseChecksumValidation.WHEN_REQUIRED,
        };
        if (First(EndpointVariables, options) is { } endpoint)
        {
            if (!Uri.TryCreate(endpoint, UriKind.Absolute, out Uri? server) || server.Scheme is not ("http" or "https")
                || server.UserInfo.Length > 0)
                throw Wrong(shown, $"{EndpointVariables[0]} is not the address of a server, such as https://s3.example.com");
            RemoteAddress.RequirePrivacy(server, server.GetLeftPart(UriPartial.Path), options);
            config.ServiceURL = endpoint;
            config.AuthenticationRegion = region ?? "us-east-1";
            config.ForcePathStyle = true; // servers other than Amazon's have no name per bucket
        }
        else
        {
            // Asking the metadata service of a virtual machine would wait for one on every machine that is none.
            config.RegionEndpoint = region is not null ? RegionEndpoint.GetBySystemName(region)
                : FallbackRegionFactory.GetRegionEndpoint(includeInstanceMetadata: false)
                    ?? throw Wrong(shown, $"no region is set: neither {RegionVariables[0]} nor the profile's");
        }
        return config;
    }

    private static string? First(IEnumerable<string> variables, RemoteStoreOptions options) =>
        variables.Select(options.Environment).FirstOrDefault(value => value is { Length: > 0 });

    private static DiagnosticException Wrong(string shown, string why) => new(Descriptors.RemoteSettings.At(null, shown, why));

    [GeneratedRegex(@"^[a-z0-9][a-z0-9._-]{1,61}[a-z0-9]\z")]
    private static partial Regex Bucket();
}
