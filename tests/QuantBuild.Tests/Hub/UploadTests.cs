using QuantBuild.Compiler.Hub;

namespace QuantBuild.Tests.Hub;

public sealed class UploadTests : UploadTest
{
    [Fact]
    public async Task Small_middle_and_large_files_arrive_in_one_commit()
    {
        Server.Add(Name);
        HubFile[] files = [HubFile.FromBytes("README.md", "# hello\n"u8.ToArray()), Random("a/middle.bin", 70_000),
            Random("a/large.bin", 3 * MiB + 17, 2), HubFile.FromBytes("empty", [])];

        HubCommit? commit = await Push(files);

        Assert.Equal(Repository.Main.Id, commit!.Id);
        Assert.Equal("Add files", Repository.Main.Title);
        AssertHolds(files);
        Assert.Equal(70_000 + 3 * MiB + 17, Sent.Sum(request => request.Received));
        Assert.Equal(5, Sent.Count());
        Assert.Equal((70_000 + 3 * MiB + 17, 70_000 + 3 * MiB + 17), (Progress.Last().Done, Progress.Last().Total));
    }

    [Fact]
    public async Task What_is_there_already_is_not_sent()
    {
        Server.Add(Name);
        HubFile small = HubFile.FromBytes("README.md", "# hello\n"u8.ToArray()), large = Random("large.bin", 70_000);
        await Push(small, large);
        int before = Server.Requests.Count;

        Assert.Null(await Push(small, large));

        Assert.DoesNotContain(Server.Requests.Skip(before), request => request.Storage || request.Path.Contains("/commit/"));
    }

    [Fact]
    public async Task The_plan_tells_new_changed_equal_and_ignored_files_apart()
    {
        Server.Add(Name);
        await Push(HubFile.FromBytes("same", [1]), HubFile.FromBytes("other", [1]));
        using HubClient client = Connect();

        UploadPlan plan = await HubUpload.PlanAsync(client, Id, "main",
            [HubFile.FromBytes("same", [1]), HubFile.FromBytes("other", [2]), HubFile.FromBytes("new", [3]),
                HubFile.FromBytes("x.ignored", [4])], Ct);

        Assert.Equal([UploadState.Unchanged, UploadState.Changed, UploadState.New, UploadState.Ignored],
            plan.Items.Select(item => item.State));
        Assert.Equal(2, plan.Bytes);
    }

    [Fact]
    public async Task A_content_that_storage_has_from_another_place_is_only_committed()
    {
        Server.Add(Name);
        await Push(Random("a.bin", 3 * MiB));
        int before = Sent.Count();

        await Push(HubFile.FromDisk("b.bin", PathTo("local", "a.bin"), ct: Ct));

        Assert.Equal(before, Sent.Count());
        Assert.Contains("b.bin", Repository.Main.Files.Keys);
    }

    [Fact]
    public async Task A_file_that_changes_while_it_is_sent_is_not_committed()
    {
        Server.Add(Name);
        HubFile file = Random("large.bin", 70_000);
        await File.AppendAllTextAsync(PathTo("local", "large.bin"), "more", Ct);

        await FailsAsync("QB4007", () => Push(file));

        Assert.Empty(Repository.Main.Files);
    }
}
