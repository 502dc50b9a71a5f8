using QuantBuild.Compiler.Hub;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Store;
using QuantBuild.HubServer;

namespace QuantBuild.Tests.Hub;

/// <summary>Downloads under bad conditions: hostile names and links, full disks, servers that refuse.</summary>
public sealed class CacheSafetyTests : DownloadTest
{
    [Fact]
    public async Task A_proxy_that_always_cuts_off_is_an_error()
    {
        Publish("a.bin", Size);
        Server.Fail(request => request.Storage, Fault.Truncate(0), times: 99);

        Assert.Contains("a.bin", await FailsAsync("QB5010", () => Fetch()));
    }

    [Fact]
    public async Task A_disk_that_fills_up_is_told_and_nothing_is_taken_for_finished()
    {
        string blob = Path.Combine(RepositoryFolder, "blobs", Digest.Of(Publish("large.bin", Size)).ToString());
        Directory.CreateDirectory(Path.GetDirectoryName(blob)!);
        Assert.SkipUnless(MakeFullDevice(blob + ".incomplete"), "needs the right to make a device that is always full");

        await FailsAsync("QB4003", () => Fetch());

        Assert.False(File.Exists(blob));
        File.Delete(blob + ".incomplete");
        await Fetch();
        Assert.Equal(Path.GetFileName(blob), Digest.Of(await File.ReadAllBytesAsync(blob, Ct)).ToString());
    }

    [Fact]
    public async Task Gated_and_missing_things_have_their_own_errors()
    {
        Publish("a.bin", Size);
        await FailsAsync("QB5022", () => Fetch(reference: new HubReference(Id, "v9")));
        await FailsAsync("QB5021", () => Fetch(reference: new HubReference(RepoId.Parse("org/other"), "main")));
        Published.Gated = true;
        await FailsAsync("QB5004", () => Fetch());
    }

    [Theory]
    [InlineData("../../outside")]
    [InlineData("/etc/passwd")]
    [InlineData(".git/hooks/post-checkout")]
    [InlineData("C:/Windows/x")]
    [InlineData("folder/aux.json")]
    [InlineData("com1")]
    [InlineData("name.")]
    [InlineData("folder /x")]
    [InlineData("what?.json")]
    public async Task APublished_cannot_write_outside_of_its_snapshot(string path)
    {
        Publish("a.bin", 90);
        Server.Fail(request => request.Path.Contains("/revision/"),
            Fault.Answer(200, $$"""{"sha":"{{Published.Main.Id}}","siblings":[{"rfilename":"{{path}}"}]}"""));

        await FailsAsync("QB5027", () => Fetch());
    }

    [Theory]
    [InlineData("../../x")]
    [InlineData("0000")]
    public async Task A_digest_that_is_none_is_not_used_as_a_file_name(string etag)
    {
        Publish("a.bin", 90);
        Server.Fail(request => request.Method == "HEAD", Fault.Answer(200, "", ("X-Linked-Etag", etag), ("X-Linked-Size", "5")));

        await FailsAsync("QB5013", () => Fetch());
    }

    [Fact]
    public async Task A_link_out_of_the_cache_is_refused()
    {
        Publish("a.bin", 90);
        string folder = Path.Combine(RepositoryFolder, "snapshots", Published.Main.Id);
        Directory.CreateDirectory(folder);
        string secret = Write("secret", 10);
        File.CreateSymbolicLink(Path.Combine(folder, "a.bin"), secret);

        Assert.Contains("a.bin", await FailsAsync("QB5032", () => Fetch()));
    }

    [Theory]
    [InlineData("snapshots/COMMIT")]
    [InlineData("snapshots")]
    [InlineData("blobs")]
    [InlineData("")]
    public async Task A_folder_of_the_cache_that_is_a_link_out_of_it_is_refused_and_nothing_is_written_there(string folder)
    {
        Publish("a.bin", Size);
        string outside = Directory.CreateDirectory(PathTo("outside")).FullName;
        string link =
            Path.TrimEndingDirectorySeparator(Path.Combine(RepositoryFolder,
                folder.Replace("COMMIT", Published.Main.Id, StringComparison.Ordinal)));
        Directory.CreateDirectory(Path.GetDirectoryName(link)!);
        Directory.CreateSymbolicLink(link, outside);

        await FailsAsync("QB5032", () => Fetch());

        Assert.Empty(Directory.GetFileSystemEntries(outside));
    }

    [Theory]
    [InlineData("")]
    [InlineData(".incomplete")]
    public async Task A_blob_that_is_a_link_out_of_the_cache_is_refused_and_its_target_kept(string ending)
    {
        string blob = Path.Combine(RepositoryFolder, "blobs", Digest.Of(Publish("a.bin", Size)).ToString());
        Directory.CreateDirectory(Path.GetDirectoryName(blob)!);
        string victim = Write("victim", Size, seed: 9);
        byte[] before = await File.ReadAllBytesAsync(victim, Ct);
        File.CreateSymbolicLink(blob + ending, victim);

        await FailsAsync("QB5032", () => Fetch());

        Assert.Equal(before, await File.ReadAllBytesAsync(victim, Ct));
    }

    [Fact]
    public async Task Links_in_a_circle_are_refused()
    {
        Publish("a.bin", 90);
        string folder = Path.Combine(RepositoryFolder, "snapshots", Published.Main.Id);
        Directory.CreateDirectory(folder);
        File.CreateSymbolicLink(Path.Combine(folder, "a.bin"), "b.bin");
        File.CreateSymbolicLink(Path.Combine(folder, "b.bin"), "a.bin");

        await FailsAsync("QB5032", () => Fetch());
    }

    [Fact]
    public async Task The_cache_itself_may_lie_behind_a_link()
    {
        byte[] content = Publish("a.bin", Size);
        Directory.CreateDirectory(PathTo("large disk"));
        Directory.CreateSymbolicLink(PathTo("cache"), PathTo("large disk"));

        HubSnapshot snapshot = await Fetch();

        Assert.Equal(content, await File.ReadAllBytesAsync(Path.Combine(snapshot.Folder, "a.bin"), Ct));
        Assert.NotNull(Cache.Find(Id, snapshot.Commit, "a.bin"));
    }

    private static bool MakeFullDevice(string path)
    {
        if (OperatingSystem.IsWindows())
            return false;
        // As the character device 1:7, which is /dev/full; a link to it would be refused as one.
        using var make =
            System.Diagnostics.Process
            .Start(new System.Diagnostics.ProcessStartInfo("mknod", [path, "c", "1", "7"]) { RedirectStandardError = true })!;
        make.WaitForExit();
        return make.ExitCode == 0;
    }
}
