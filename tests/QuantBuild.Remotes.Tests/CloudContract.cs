using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Store;
using QuantBuild.Compiler.Store.Remote;
using QuantBuild.Remotes.Objects;
using QuantBuild.Remotes.Tests.Servers;
using QuantBuild.Tests.Store.Remote;

namespace QuantBuild.Remotes.Tests;

/// <summary>What a store at a cloud does beyond the contracts: large blobs, a server that is gone, and names that are none.</summary>
public abstract class CloudContract(CloudServer server)
{
    /// <summary>Starts a server of its own for a test that kills it.</summary>
    private protected abstract CloudServer StartAnother();

    private static readonly byte[] Large = Content((2 * Parts.Length) + 12_345);

    private static readonly BlobRef Blob = new(Digest.Of(Large), Large.Length);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private RemoteStore OpenNew() => server.Open(server.AddressOf(Guid.NewGuid().ToString("N")));

    private static byte[] Content(int length)
    {
        var content = new byte[length];
        new Random(3).NextBytes(content);
        return content;
    }

    [Fact]
    public async Task A_blob_of_several_parts_comes_back_whole_and_from_the_middle_of_a_part()
    {
        using RemoteStore store = OpenNew();
        using var content = new MemoryStream(Large);

        await store.Blobs.PutAsync(Blob, content, Ct);

        Assert.True(await store.Blobs.ContainsAsync(Blob, Ct));
        foreach (int offset in (int[])[0, Parts.Length + 5])
        {
            using var read = new MemoryStream();
            await using Stream stream = (await store.Blobs.OpenAsync(Blob, offset, Ct))!;
            await stream.CopyToAsync(read, Ct);
            Assert.True(Large.AsSpan(offset).SequenceEqual(read.GetBuffer().AsSpan(0, (int)read.Length)));
        }
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(1)]
    [InlineData(0)]
    public async Task A_blob_of_several_parts_with_other_content_is_refused_and_leaves_nothing(int more)
    {
        using RemoteStore store = OpenNew();
        byte[] other = more < 0 ? Large[..^1] : more > 0 ? [.. Large, 0] : [.. Large[..^1], (byte)(Large[^1] ^ 1)];
        using var content = new MemoryStream(other);

        await Assert.ThrowsAsync<InvalidDataException>(async () => await store.Blobs.PutAsync(Blob, content, Ct));

        Assert.False(await store.Blobs.ContainsAsync(Blob, Ct));
        Assert.Null(await store.Blobs.OpenAsync(Blob, 0, Ct));
    }

    [Fact]
    public async Task A_server_killed_in_the_middle_of_a_blob_has_no_part_of_it_and_takes_it_when_it_is_back()
    {
        using CloudServer mortal = StartAnother();
        using RemoteStore store = mortal.Open(mortal.AddressOf("x"));
        using var content = new MemoryStream(Large);
        await using var killing = new KillingStream(content, at: Parts.Length + 1, mortal.Kill);

        await Assert.ThrowsAsync<IOException>(async () => await store.Blobs.PutAsync(Blob, killing, Ct));
        mortal.Start();

        Assert.False(await store.Blobs.ContainsAsync(Blob, Ct));
        content.Position = 0;
        await store.Blobs.PutAsync(Blob, content, Ct);
        Assert.True(await store.Blobs.ContainsAsync(Blob, Ct));
    }

    [Fact]
    public async Task A_blob_with_damage_is_replaced_by_one_without()
    {
        using RemoteStore store = OpenNew();
        byte[] right = Content(100_000);
        var blob = new BlobRef(Digest.Of(right), right.Length);
        using var content = new MemoryStream(right);
        await store.Blobs.PutAsync(blob, content, Ct);
        content.Position = 0;
        await store.Blobs.PutAsync(blob, content, Ct);

        await using Stream stream = (await store.Blobs.OpenAsync(blob, 0, Ct))!;
        using var read = new MemoryStream();
        await stream.CopyToAsync(read, Ct);
        Assert.Equal(right, read.ToArray());
    }

    [Fact]
    public async Task What_does_not_exist_there_is_named()
    {
        using RemoteStore store = server.Open(server.MissingAddress);

        IOException failure = await Assert.ThrowsAsync<IOException>(async () => await store.Actions.FindAsync(Blob.Digest, Ct));

        Assert.Contains("there is no", failure.Message, StringComparison.Ordinal);
        Assert.Contains("no-such-", failure.Message, StringComparison.Ordinal);
        using var content = new MemoryStream([1]);
        await Assert.ThrowsAsync<IOException>(async () =>
            await store.Blobs.PutAsync(new BlobRef(Digest.Of([1]), 1), content, Ct));
    }

    [Fact]
    public async Task Nobody_at_the_address_is_a_failure_of_one_line()
    {
        using RemoteStore store = server.Open(server.AddressOf("x"), port: 1);

        IOException failure = await Assert.ThrowsAsync<IOException>(async () => await store.Actions.FindAsync(Blob.Digest, Ct));

        Assert.Contains("refused", failure.Message, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain('\n', failure.Message);
    }

    [Fact]
    public async Task A_server_that_does_not_answer_is_given_up_after_five_seconds()
    {
        using var silent = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, 0);
        silent.Start();
        using RemoteStore store = server.Open(server.AddressOf("x"), ((System.Net.IPEndPoint)silent.LocalEndpoint).Port);
        long start = TimeProvider.System.GetTimestamp();

        IOException failure = await Assert.ThrowsAsync<IOException>(async () => await store.Actions.FindAsync(Blob.Digest, Ct));

        Assert.Contains("no answer in 5 s", failure.Message, StringComparison.Ordinal);
        Assert.InRange(TimeProvider.System.GetElapsedTime(start).TotalSeconds, 4.5, 20);
    }

    [Theory]
    [InlineData("a name or password", "{0}:word@{1}")]
    [InlineData("a query", "{1}?sig=secret")]
    public void An_address_with_a_secret_in_it_is_refused_without_showing_it(string reason, string form)
    {
        string[] parts = server.AddressOf("x").Split("://");
        string address = $"{parts[0]}://{string.Format(System.Globalization.CultureInfo.InvariantCulture, form, "name", parts[1])}";

        var failure = Assert.Throws<DiagnosticException>(() => RemoteAddress.Open(server.Options(address), "/local"));

        Assert.Equal("QB4090", Assert.Single(failure.Diagnostics).Descriptor.Code);
        Assert.Contains(reason, failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("word@", failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("sig=", failure.Message, StringComparison.Ordinal);
    }
}

/// <summary>Amazon's protocol.</summary>
public sealed class S3CloudTests(S3Server server) : CloudContract(server), IClassFixture<S3Server>
{
    private protected override CloudServer StartAnother() => new S3Server();

    [Theory]
    [InlineData("s3://UP_", "not the name of a bucket")]
    [InlineData("s3://bucket:80/x", "not the name of a bucket")]
    public void An_address_without_a_bucket_is_refused(string address, string reason) => Refused.With("QB4090", reason, address);

    [Theory]
    [InlineData("not an address", "AWS_ENDPOINT_URL_S3 is not the address of a server")]
    [InlineData("https://name:s3cret@host", "AWS_ENDPOINT_URL_S3 is not the address of a server")]
    public void A_server_that_is_none_is_refused_without_showing_it(string server, string reason) =>
        Assert.DoesNotContain("s3cret", Refused.With("QB4122", reason, "s3://bucket", ("AWS_ENDPOINT_URL_S3", server)),
            StringComparison.Ordinal);

    [Fact]
    public void Plain_HTTP_to_another_machine_is_refused() =>
        Refused.With("QB4090", "anybody on the way", "s3://bucket", ("AWS_ENDPOINT_URL_S3", "http://s3.example.com"));
}

/// <summary>Azure's protocol.</summary>
public sealed class AzureCloudTests(AzuriteServer server) : CloudContract(server), IClassFixture<AzuriteServer>
{
    private protected override CloudServer StartAnother() => new AzuriteServer();

    [Theory]
    [InlineData("azblob://ab/container", "not the name of an account")]
    [InlineData("azblob://account", "not the name of a container")]
    [InlineData("azblob://account/No", "not the name of a container")]
    public void An_address_without_an_account_or_a_container_is_refused(string address, string reason) =>
        Refused.With("QB4090", reason, address);

    [Fact]
    public void A_connection_to_another_account_is_refused() =>
    Refused.With("QB4122", "is for the account 'other'", "azblob://account/container",
        ("AZURE_STORAGE_CONNECTION_STRING", "AccountName=other;AccountKey=czNjcmV0;EndpointSuffix=core.windows.net"));

    [Theory]
    [InlineData("AZURE_STORAGE_CONNECTION_STRING", "s3cret")]
    [InlineData("AZURE_STORAGE_KEY", "s3cret!")]
    [InlineData("AZURE_STORAGE_SERVICE_ENDPOINT", "s3cret")]
    public void Settings_that_are_none_are_refused_without_showing_them(string name, string value) => Assert.DoesNotContain("s3cret",
        Refused.With("QB4122", "has no such value", "azblob://account/container", (name, value)), StringComparison.Ordinal);

    [Fact]
    public void Plain_HTTP_to_another_machine_is_refused() => Refused.With("QB4090", "anybody on the way", "azblob://account/container",
        ("AZURE_STORAGE_KEY", "AAAA"), ("AZURE_STORAGE_SERVICE_ENDPOINT", "http://account.blob.example.com"));
}

file static class Refused
{
    /// <summary>Opens an address that cannot be; the whole failure as text.</summary>
    public static string With(string code, string reason, string address, params (string Name, string Value)[] variables)
    {
        var options = new RemoteStoreOptions(address)
        {
            Environment = name => variables.FirstOrDefault(variable => variable.Name == name).Value,
        };
        var failure = Assert.Throws<DiagnosticException>(() => new CloudRemotes().Open(new Uri(address), address, options));
        Assert.Equal(code, Assert.Single(failure.Diagnostics).Descriptor.Code);
        Assert.Contains(reason, failure.Message, StringComparison.Ordinal);
        return failure.ToString();
    }
}
