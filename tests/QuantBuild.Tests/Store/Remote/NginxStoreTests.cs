using System.Net;
using System.Text;
using QuantBuild.Compiler.Store;
using QuantBuild.Compiler.Store.Remote;
using QuantBuild.Compiler.Store.Remote.Http;

namespace QuantBuild.Tests.Store.Remote;

/// <summary>A real nginx as a store of blobs.</summary>
public sealed class NginxBlobStoreTests : BlobStoreContract
{
    private readonly NginxServer _server = new();

    private protected override OpenedStore Open(string folder) => NginxActionCacheTests.OpenServer(_server);

    protected override void Dispose(bool disposing)
    {
        base.Dispose(disposing);
        if (disposing)
            _server.Dispose();
    }
}

/// <summary>A real nginx as a store of actions.</summary>
public sealed class NginxActionCacheTests : ActionCacheContract
{
    private readonly NginxServer _server = new();

    private protected override OpenedStore Open(string folder) => OpenServer(_server);

    internal static OpenedStore OpenServer(NginxServer server)
    {
        RemoteStore remote = RemoteAddress.Open(new RemoteStoreOptions(server.Url), "/local");
        return new OpenedStore(remote.Blobs, remote.Actions, () =>
        {
            remote.Dispose();
            return ValueTask.CompletedTask;
        });
    }

    protected override void Dispose(bool disposing)
    {
        base.Dispose(disposing);
        if (disposing)
            _server.Dispose();
    }
}

/// <summary>What a real server does to requests.</summary>
public sealed class NginxStoreTests
{
    private static readonly byte[] Content = [.. Enumerable.Range(0, 3_000_000).Select(i => (byte)(i * 7 + i / 256))];

    private static readonly BlobRef Blob = new(Digest.Of(Content), Content.Length);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private static RemoteStore Open(NginxServer server, params (string Name, string Value)[] variables) => RemoteAddress.Open(
        new RemoteStoreOptions(server.Url)
        {
            Environment = name => variables.FirstOrDefault(pair => pair.Name == name).Value ?? (name == "NETRC" ? "/nothing" : null),
        }, "/local");

    private static async Task<string> Refused(RemoteStore store)
    {
        using var content = new MemoryStream(Content);
        return (await Assert.ThrowsAsync<IOException>(async () => await store.Blobs.PutAsync(Blob, content, Ct))).Message;
    }

    [Fact]
    public async Task The_same_files_are_a_store_in_a_folder()
    {
        using var server = new NginxServer();
        using RemoteStore remote = Open(server);
        using var content = new MemoryStream(Content);
        await remote.Blobs.PutAsync(Blob, content, Ct);
        var record = new ActionRecord(Digest.Of("key"u8), "Gptq", new Dictionary<string, BlobRef> { ["w"] = Blob }, 1, "0.1.0", []);
        await remote.Actions.PutAsync(record, Ct);

        var folder = new FolderStore(server.Files);

        Assert.True(await folder.ContainsAsync(Blob, Ct));
        Assert.Equal(record.ToJson(_ => null), (await folder.FindAsync(record.Key, Ct))!.ToJson(_ => null));
    }

    [Fact]
    public async Task Credentials_of_the_variable_or_of_a_netrc_file_open_a_locked_store_and_others_are_a_failure_without_a_secret()
    {
        using var server = new NginxServer("""auth_basic "store"; auth_basic_user_file users;""");
        await File.WriteAllTextAsync(server.PathTo("users"), "team:{PLAIN}s3cret word\n", Ct);
        string basic = Convert.ToBase64String(Encoding.UTF8.GetBytes("team:s3cret word"));
        await File.WriteAllTextAsync(server.PathTo("netrc"), "machine other login a password b\nmachine 127.0.0.1 login team\n"
            + "  password \"s3cret word\" # for builds\n", Ct);
        using var content = new MemoryStream(Content);

        using RemoteStore none = Open(server), wrong = Open(server, (HttpAuthorization.Variable, "Bearer s3cret")),
            variable = Open(server, (HttpAuthorization.Variable, $"Basic {basic}")),
            netrc = Open(server, ("NETRC", server.PathTo("netrc")));

        Assert.Contains("401: it wants other credentials than none", await Refused(none), StringComparison.Ordinal);
        string refusal = await Refused(wrong);
        Assert.Contains($"401: it wants other credentials than those of {HttpAuthorization.Variable}", refusal, StringComparison.Ordinal);
        Assert.DoesNotContain("s3cret", refusal, StringComparison.Ordinal);
        await variable.Blobs.PutAsync(Blob, content, Ct);
        Assert.True(await netrc.Blobs.ContainsAsync(Blob, Ct));
    }

    [Fact]
    public async Task A_server_that_lets_nobody_write_is_a_failure_that_says_so()
    {
        using var server = new NginxServer(limits: "client_max_body_size 0; limit_except GET { deny all; }");
        using RemoteStore store = Open(server);

        Assert.Contains("403", await Refused(store), StringComparison.Ordinal);
        Assert.False(await store.Blobs.ContainsAsync(Blob, Ct));
    }

    [Fact]
    public async Task A_server_that_takes_no_large_files_is_a_failure_that_says_so()
    {
        using var server = new NginxServer(limits: "client_max_body_size 1m;");
        using RemoteStore store = Open(server);

        Assert.Contains("413: it takes no files that large", await Refused(store), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_redirect_is_not_followed()
    {
        using var other = new NginxServer();
        using var server = new NginxServer($"return 302 {other.Url}$uri;");
        using RemoteStore store = Open(server);

        IOException failure = await Assert.ThrowsAsync<IOException>(async () => await store.Actions.FindAsync(Blob.Digest, Ct));
        Assert.Contains("302: a redirect", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_is_gone_is_a_failure_and_one_that_comes_back_is_used()
    {
        using var server = new NginxServer();
        using RemoteStore store = Open(server);
        Assert.False(await store.Blobs.ContainsAsync(Blob, Ct));

        server.Kill();
        await Assert.ThrowsAsync<IOException>(async () => await store.Blobs.ContainsAsync(Blob, Ct));

        server.Start();
        using var content = new MemoryStream(Content);
        await store.Blobs.PutAsync(Blob, content, Ct);
        Assert.True(await store.Blobs.ContainsAsync(Blob, Ct));
    }

    [Fact]
    public async Task A_server_killed_in_the_middle_of_a_PUT_has_no_part_of_the_blob()
    {
        using var server = new NginxServer();
        using RemoteStore store = Open(server);
        using var content = new MemoryStream(Content);
        await using var slow = new KillingStream(content, at: 1_500_000, server.Kill);

        await Assert.ThrowsAsync<IOException>(async () => await store.Blobs.PutAsync(Blob, slow, Ct));
        server.Start();

        Assert.False(await store.Blobs.ContainsAsync(Blob, Ct));
        content.Position = 0;
        await store.Blobs.PutAsync(Blob, content, Ct);
        Assert.Equal(Content, await File.ReadAllBytesAsync(Path.Combine(server.Files, "cas", Blob.Digest.ToString()), Ct));
    }

    [Fact]
    public async Task A_full_disk_at_the_server_is_a_failure_and_leaves_nothing()
    {
        Assert.SkipUnless(SmallDisk.TryMount(1 << 20, out SmallDisk? mounted), "no file system of its own can be mounted here");
        using SmallDisk disk = mounted!;
        using var server = new NginxServer($"client_body_temp_path {disk.Path}/tmp;", disk.Path);
        using RemoteStore store = Open(server);

        Assert.Contains("500", await Refused(store), StringComparison.Ordinal);
        Assert.False(await store.Blobs.ContainsAsync(Blob, Ct));
    }

    [Theory]
    [InlineData("https://team:word@host/cache", "ends up in lists of processes")]
    [InlineData("https://host/cache?sig=secret", "a query")]
    [InlineData("http://cache.example/store", "anybody on the way")]
    public void An_address_that_is_not_safe_is_refused_and_secrets_in_it_are_not_shown(string address, string reason)
    {
        var failure = Assert.Throws<Compiler.Diagnostics.DiagnosticException>(() =>
            RemoteAddress.Open(new(address) { Environment = _ => null }, "/local"));

        Assert.Equal("QB4090", Assert.Single(failure.Diagnostics).Descriptor.Code);
        Assert.Contains(reason, failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("word@", failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("sig", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Plain_HTTP_to_another_machine_is_used_where_it_is_stated()
    {
        using RemoteStore store = RemoteAddress.Open(new("http://cache.example/store")
        {
            Environment = name => name == RemoteStoreOptions.PlainHttpVariable ? "1" : null,
        }, "/local");

        Assert.Equal("http://cache.example/store", store.Name);
    }

    [Fact]
    public void Credentials_that_are_none_are_a_diagnostic_without_them()
    {
        var failure = Assert.Throws<Compiler.Diagnostics.DiagnosticException>(() => RemoteAddress.Open(
            new("https://host/") { Environment = name => name == HttpAuthorization.Variable ? "s3cret" : null }, "/local"));

        Assert.Equal("QB4096", Assert.Single(failure.Diagnostics).Descriptor.Code);
        Assert.DoesNotContain("s3cret", failure.ToString(), StringComparison.Ordinal);
    }
}
