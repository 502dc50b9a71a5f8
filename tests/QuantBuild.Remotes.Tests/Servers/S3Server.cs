using System.Globalization;

namespace QuantBuild.Remotes.Tests.Servers;

/// <summary>s3rver, which speaks the protocol of Amazon S3 and knows one name.</summary>
public sealed class S3Server : CloudServer
{
    /// <summary>What s3rver does and Amazon does not.</summary>
    public const string WritesInPlace = "s3rver 3.7.1 shows an object while it is overwritten";

    private const string Bucket = "quantbuild";

    // The one key that the server knows. The SDK looks for it in this process's environment.
    private const string Key = "S3RVER";

    public S3Server() : base(Path.Combine("s3rver", "bin", "s3rver.js"))
    {
        Environment.SetEnvironmentVariable("AWS_ACCESS_KEY_ID", Key);
        Environment.SetEnvironmentVariable("AWS_SECRET_ACCESS_KEY", Key);
        Start();
    }

    public override string WrongSecret => "s3cret";

    public override string MissingAddress => "s3://no-such-bucket/store";

    private protected override IEnumerable<string> Arguments =>
        ["--directory", Files, "--address", "127.0.0.1", "--port", PortText, "--silent", "--no-vhost-buckets", "--configure-bucket",
            Bucket];

    public override IReadOnlyDictionary<string, string?> Variables(int port, string? secret = null) => new Dictionary<string, string?>
    {
        ["AWS_ENDPOINT_URL_S3"] = string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{port}"),
        ["AWS_ACCESS_KEY_ID"] = secret is null ? Key : "somebody", // of signatures it checks the name alone
        ["AWS_SECRET_ACCESS_KEY"] = secret ?? Key,
    };

    public override string AddressOf(string prefix) => $"s3://{Bucket}/{prefix}";
}
