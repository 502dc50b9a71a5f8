using QuantBuild.Compiler.Hub;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Store;
using QuantBuild.HubServer;

namespace QuantBuild.Tests.Hub;

public sealed class DownloadTests : DownloadTest
{
    [Fact]
    public async Task Files_arrive_in_the_layout_that_all_clients_share()
    {
        byte[] large = Publish("high/model.safetensors", Size), small = Publish("config.json", 90, 2);

        HubSnapshot snapshot = await Fetch();

        string commit = Published.Main.Id;
        Assert.Equal(commit, snapshot.Commit);
        Assert.Equal(["config.json", "high/model.safetensors"], snapshot.Files);
        Assert.Equal(large, await File.ReadAllBytesAsync(Path.Combine(snapshot.Folder, "high", "model.safetensors"), Ct));
        Assert.Equal(small, await File.ReadAllBytesAsync(Path.Combine(snapshot.Folder, "config.json"), Ct));
        Assert.Equal(large, await File.ReadAllBytesAsync(Path.Combine(RepositoryFolder, "blobs", Digest.Of(large).ToString()), Ct));
        Assert.Equal(commit, await File.ReadAllTextAsync(Path.Combine(RepositoryFolder, "refs", "main"), Ct));
        Assert.True(File.Exists(PathTo("cache", "CACHEDIR.TAG")));
        if (!OperatingSystem.IsWindows())
            Assert.Equal($"../../../blobs/{Digest.Of(large)}",
                new FileInfo(Path.Combine(snapshot.Folder, "high", "model.safetensors")).LinkTarget);
        AssertTokenStayed();
        Assert.Contains(Server.Requests, request => request.Storage);
    }

    [Fact]
    public async Task What_the_cache_has_is_not_fetched_again()
    {
        Publish("a.bin", Size);
        await Fetch();
        int before = Server.Requests.Count;

        await Fetch();

        Assert.Equal(before + 1, Server.Requests.Count);
    }

    [Fact]
    public async Task A_new_commit_shares_the_blobs_of_the_old_one()
    {
        Publish("a.bin", Size);
        await Fetch();
        Publish("b.bin", 5000, 3);

        HubSnapshot second = await Fetch();

        Assert.Equal(2, Transfers.Count());
        Assert.Equal(2, Directory.GetFiles(second.Folder).Length);
    }

    [Fact]
    public async Task A_cache_that_another_client_filled_is_read()
    {
        // arrange: as the Python client lays it out
        byte[] content = Publish("a.bin", Size);
        string commit = Published.Main.Id, digest = Digest.Of(content).ToString();
        Directory.CreateDirectory(Path.Combine(RepositoryFolder, "blobs"));
        Directory.CreateDirectory(Path.Combine(RepositoryFolder, "snapshots", commit));
        await File.WriteAllBytesAsync(Path.Combine(RepositoryFolder, "blobs", digest), content, Ct);
        File.CreateSymbolicLink(Path.Combine(RepositoryFolder, "snapshots", commit, "a.bin"), $"../../blobs/{digest}");

        HubSnapshot snapshot = await Fetch();

        Assert.Empty(Transfers);
        Assert.Equal(["a.bin"], snapshot.Files);
    }

    [Fact]
    public async Task A_download_that_breaks_goes_on_where_it_was()
    {
        byte[] content = Publish("a.bin", Size);
        Server.Fail(request => request.Storage, Fault.Truncate(100_000));
        Server.Fail(request => request.Storage, Fault.Truncate(50_000));

        HubSnapshot snapshot = await Fetch();

        Assert.Equal(content, await File.ReadAllBytesAsync(Path.Combine(snapshot.Folder, "a.bin"), Ct));
        AssertContinued(3);
    }

    [Fact]
    public async Task The_next_run_goes_on_with_an_unfinished_download()
    {
        byte[] content = Publish("a.bin", Size);
        Server.Fail(request => request.Storage, Fault.Truncate(100_000));
        Server.Fail(request => request.Storage && request.Range is not null, Fault.Drop);
        await FailsAsync("QB5010", () => Fetch(options => options with { Tries = 1 }));

        HubSnapshot snapshot = await Fetch();

        Assert.Equal(content, await File.ReadAllBytesAsync(Path.Combine(snapshot.Folder, "a.bin"), Ct));
        AssertContinued(3);
    }

    /// <summary>
    /// All requests but the first went on from somewhere; how much of a broken connection arrives is the network's business.
    /// </summary>
    private void AssertContinued(int requests)
    {
        string?[] ranges = [.. Transfers.Select(request => request.Range)];
        Assert.Equal(requests, ranges.Length);
        Assert.Null(ranges[0]);
        Assert.All(ranges[1..], range => Assert.InRange(long.Parse(range!["bytes=".Length..^1]), 1, Size - 1));
    }

    [Fact]
    public async Task A_server_that_ignores_ranges_is_read_from_the_start()
    {
        byte[] content = Publish("a.bin", Size);
        Server.Fail(request => request.Storage, Fault.Truncate(100_000));
        Server.Fail(request => request.Storage && request.Range is not null, Fault.Answer(416));

        HubSnapshot snapshot = await Fetch();

        Assert.Equal(content, await File.ReadAllBytesAsync(Path.Combine(snapshot.Folder, "a.bin"), Ct));
    }

    [Theory]
    [InlineData(Size)]
    [InlineData(90)]
    public async Task Content_that_is_damaged_on_its_way_is_thrown_away(int size)
    {
        byte[] content = Publish("a.bin", size);
        Server.Fail(request => request.Method == "GET" && (request.Storage || (size == 90 && request.Path.Contains("/resolve/"))),
            Fault.Corrupt);

        Assert.Contains("digest", await FailsAsync("QB5031", () => Fetch()));

        Assert.Empty(Directory.GetFiles(Path.Combine(RepositoryFolder, "blobs")));
        Assert.Equal(content, await File.ReadAllBytesAsync(Path.Combine((await Fetch()).Folder, "a.bin"), Ct));
    }

    [Fact]
    public async Task An_unfinished_download_that_was_damaged_is_fetched_anew_as_a_whole()
    {
        byte[] content = Publish("a.bin", Size);
        Directory.CreateDirectory(Path.Combine(RepositoryFolder, "blobs"));
        await File.WriteAllBytesAsync(Path.Combine(RepositoryFolder, "blobs", Digest.Of(content) + ".incomplete"), new byte[1000], Ct);

        HubSnapshot snapshot = await Fetch();

        Assert.Equal(content, await File.ReadAllBytesAsync(Path.Combine(snapshot.Folder, "a.bin"), Ct));
        Assert.Equal(["bytes=1000-", null], Transfers.Select(request => request.Range));
    }

    [Fact]
    public async Task Without_the_hub_the_cache_alone_is_used()
    {
        Publish("a.bin", Size);
        HubSnapshot online = await Fetch();

        HubSnapshot offline = await HubDownload.FetchAsync(null, Cache, Reference, _ => true, ct: Ct);

        Assert.Equal((online.Commit, online.Folder), (offline.Commit, offline.Folder));
        Assert.Equal(online.Files, offline.Files);
        await FailsAsync("QB5033", () => HubDownload.FetchAsync(null, Cache, new HubReference(Id, "v2"), _ => true, ct: Ct));
    }

    [Fact]
    public async Task An_empty_file_arrives()
    {
        Publish("empty", 0);

        Assert.Empty(await File.ReadAllBytesAsync(Path.Combine((await Fetch()).Folder, "empty"), Ct));
    }

    [Fact]
    public async Task Two_downloads_at_once_fetch_a_file_once()
    {
        Publish("a.bin", Size);

        await Task.WhenAll(Fetch(), Fetch());

        Assert.Single(Transfers);
    }

    [Fact]
    public async Task A_download_in_which_nothing_moves_any_more_goes_on_over_another_connection()
    {
        byte[] content = Publish("a.bin", Size);
        Server.Fail(request => request.Storage, Fault.Stall(100_000));

        HubSnapshot snapshot = await Fetch(options => options with { Stall = TimeSpan.FromSeconds(2) });

        Assert.Equal(content, await File.ReadAllBytesAsync(Path.Combine(snapshot.Folder, "a.bin"), Ct));
        Assert.Equal([null, "bytes=100000-"], Transfers.Select(request => request.Range));
    }
}
