using QuantBuild.Compiler.Hub;
using QuantBuild.HubServer;

namespace QuantBuild.Tests.Hub;

/// <summary>One commit on top of the one that was looked at, whatever happens on the way; pull requests.</summary>
public sealed class UploadCommitTests : UploadTest
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_commit_whose_answer_is_lost_is_made_once(bool made)
    {
        Server.Add(Name);
        Server.Fail(request => request.Path.Contains("/commit/"), made ? Fault.LoseAnswer : Fault.Drop);
        HubFile file = HubFile.FromBytes("README.md", [1, 2, 3]);

        HubCommit? commit = await Push(file);

        AssertHolds(file);
        Assert.Equal(Repository.Main.Id, commit!.Id);
        Assert.Equal(2, Repository.Commits.Count);
    }

    [Fact]
    public async Task A_commit_that_fails_again_and_again_is_an_error()
    {
        Server.Add(Name);
        Server.Fail(request => request.Path.Contains("/commit/"), Fault.Answer(500), times: 99);

        await FailsAsync("QB5028", () => Push(HubFile.FromBytes("README.md", [1])));

        Assert.Equal(4, Server.To("/commit/").Count());
    }

    [Fact]
    public async Task Somebody_else_s_commit_is_not_overwritten()
    {
        Server.Add(Name);
        using HubClient client = Connect();
        UploadPlan plan = await HubUpload.PlanAsync(client, Id, "main", [HubFile.FromBytes("README.md", [1])], Ct);
        await Push(HubFile.FromBytes("README.md", [2]));

        string message = await FailsAsync("QB5024", () => HubUpload.RunAsync(client, plan, ("late", ""), ct: Ct));

        Assert.Contains("main", message);
        Assert.Equal([2], Repository.Main.Files["README.md"].Content);
    }

    [Fact]
    public async Task Somebody_else_s_commit_while_ours_is_lost_is_not_taken_for_ours()
    {
        Server.Add(Name);
        using HubClient client = Connect();
        UploadPlan plan = await HubUpload.PlanAsync(client, Id, "main", [HubFile.FromBytes("README.md", [1])], Ct);
        await Push(HubFile.FromBytes("README.md", [2]));
        Server.Fail(request => request.Path.Contains("/commit/"), Fault.Drop);

        await FailsAsync("QB5024", () => HubUpload.RunAsync(client, plan, ("late", ""), ct: Ct));
    }

    [Fact]
    public async Task A_pull_request_leaves_the_branch_alone()
    {
        Server.Add(Name);
        using HubClient client = Connect();

        HubCommit? commit = await Push(client, [HubFile.FromBytes("README.md", [1]), Random("large.bin", 70_000)], pullRequest: true);

        Assert.Empty(Repository.Main.Files);
        Assert.EndsWith("/discussions/1", commit!.Address);
        Assert.Equal(commit.Id, Repository.Heads["refs/pr/1"]);
    }

    [Fact]
    public async Task Whether_a_pull_request_was_opened_is_not_guessed()
    {
        Server.Add(Name);
        Server.Fail(request => request.Path.Contains("/commit/"), Fault.LoseAnswer);
        using HubClient client = Connect();

        await FailsAsync("QB5028", () => Push(client, [HubFile.FromBytes("README.md", [1])], pullRequest: true));

        Assert.Single(Server.To("/commit/"));
    }

    [Fact]
    public async Task A_pull_request_can_be_merged()
    {
        Repository repository = Server.Add(Name);
        using HubClient client = Connect();
        HubCommit? commit =
            await HubUpload.RunAsync(client, await HubUpload.PlanAsync(client, Id, "main", [HubFile.FromBytes("a.txt", [1])], Ct),
                ("a", ""), pullRequest: true, ct: Ct);
        Assert.Empty(repository.Main.Files);

        await client.MergeAsync(Id, commit!.PullRequest!.Value, Ct);

        Assert.Equal(commit.Id, repository.Main.Id);
        await FailsAsync("QB5021", () => client.MergeAsync(Id, 77, Ct));
    }
}
