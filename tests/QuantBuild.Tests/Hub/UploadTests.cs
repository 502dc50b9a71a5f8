using System.Collections.Concurrent;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Hub;
using QuantBuild.Compiler.Store;
using QuantBuild.HubServer;

namespace QuantBuild.Tests.Hub;

public sealed class UploadTests : HubTest
{
    private const int MiB = 1 << 20;

    private readonly ConcurrentQueue<TransferStatus> _progress = new();

    private Repository Repository => Server.Repositories[Name];

    private IEnumerable<Traffic> Sent => Server.Requests.Where(request => request.Storage && request.Method == "PUT");

    private async Task<HubCommit?> Push(HubClient client, IReadOnlyList<HubFile> files, bool pullRequest = false)
    {
        UploadPlan plan = await HubUpload.PlanAsync(client, Id, "main", files, Ct);
        return await HubUpload.RunAsync(client, plan, ("Add files", "for a test"), pullRequest, new Direct(_progress.Enqueue), Ct);
    }

    private async Task<HubCommit?> Push(params HubFile[] files)
    {
        using HubClient client = Connect();
        return await Push(client, files);
    }

    private HubFile Random(string name, int size, int seed = 1) => HubFile.FromDisk(name, Write(Path.Combine("local", name), size, seed), ct: Ct);

    private void AssertHolds(params HubFile[] files)
    {
        Assert.All(files, file =>
        {
            Entry entry = Repository.Main.Files[file.Path];
            byte[] there = entry.Content ?? File.ReadAllBytes(Server.ObjectPath(entry.LfsId!));
            Assert.Equal(file.Digest, Digest.Of(there));
        });
        AssertTokenStayed();
        Assert.Empty(Directory.Exists(PathTo("state")) ? Directory.GetFiles(PathTo("state")) : []);
    }

    [Fact]
    public async Task Small_middle_and_large_files_arrive_in_one_commit()
    {
        Server.Add(Name);
        HubFile[] files = [HubFile.FromBytes("README.md", "# hello\n"u8.ToArray()), Random("a/middle.bin", 70_000), Random("a/large.bin", 3 * MiB + 17, 2), HubFile.FromBytes("empty", [])];

        HubCommit? commit = await Push(files);

        Assert.Equal(Repository.Main.Id, commit!.Id);
        Assert.Equal("Add files", Repository.Main.Title);
        AssertHolds(files);
        Assert.Equal(70_000 + 3 * MiB + 17, Sent.Sum(request => request.Received));
        Assert.Equal(5, Sent.Count());
        Assert.Equal((70_000 + 3 * MiB + 17, 70_000 + 3 * MiB + 17), (_progress.Last().Done, _progress.Last().Total));
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
            [HubFile.FromBytes("same", [1]), HubFile.FromBytes("other", [2]), HubFile.FromBytes("new", [3]), HubFile.FromBytes("x.ignored", [4])], Ct);

        Assert.Equal([UploadState.Unchanged, UploadState.Changed, UploadState.New, UploadState.Ignored], plan.Items.Select(item => item.State));
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

    [Theory]
    [InlineData(500)]
    [InlineData(429)]
    [InlineData(0)]
    public async Task A_part_that_fails_is_sent_again(int status)
    {
        Server.Add(Name);
        Server.Fail(request => request.Path.StartsWith("/part/") && request.Path.Contains("/2?"), status == 0 ? Fault.Drop : Fault.Answer(status), times: 2);
        HubFile file = Random("large.bin", 3 * MiB);

        await Push(file);

        AssertHolds(file);
        Assert.Equal(3 * MiB, _progress.Last().Done);
    }

    [Fact]
    public async Task A_part_whose_answer_is_lost_is_sent_again()
    {
        Server.Add(Name);
        Server.Fail(request => request.Path.StartsWith("/part/"), Fault.LoseAnswer);
        HubFile file = Random("large.bin", 3 * MiB);

        await Push(file);

        AssertHolds(file);
        Assert.Equal(4 * MiB, Sent.Sum(request => request.Received));
    }

    [Fact]
    public async Task After_a_failed_push_only_missing_parts_are_sent()
    {
        // arrange: part 3 of 4 fails for good, one part at a time
        Server.Add(Name);
        HubFile file = Random("large.bin", 4 * MiB);
        Server.Fail(request => request.Path.Contains("/3?"), Fault.Answer(500), times: 5);
        using HubClient client = Connect(options => options with { Parallel = 1 });
        await FailsAsync("QB5011", () => Push(client, [file]));
        long first = Sent.Where(request => !request.Path.Contains("/3?")).Sum(request => request.Received);

        // act
        await Push(client, [file]);

        // assert: parts 1 and 2 went once, 3 and 4 in the second push; the addresses were not asked for anew
        Assert.Equal(2 * MiB, first);
        Assert.Equal(4 * MiB, Sent.Sum(request => request.Received));
        Assert.Single(Server.To("objects/batch"));
        AssertHolds(file);
    }

    [Fact]
    public async Task A_journal_is_for_its_owner_s_eyes_only_and_holds_no_token()
    {
        if (OperatingSystem.IsWindows())
        {
            Assert.Skip("files have other rights there");
            return;
        }
        Server.Add(Name);
        Server.Fail(request => request.Path.Contains("/2?"), Fault.Answer(500), times: 5);
        await FailsAsync("QB5011", () => Push(Random("large.bin", 2 * MiB)));

        string journal = Directory.GetFiles(PathTo("state")).Single();

        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(journal));
        Assert.DoesNotContain(HubServerToken, await File.ReadAllTextAsync(journal, Ct));
    }

    [Theory]
    [InlineData("not json\n")]
    [InlineData("{}\n")]
    [InlineData("{\"complete\":\"nowhere\",\"partSize\":1,\"parts\":[]}\n")]
    [InlineData("{\"complete\":\"http://localhost/\",\"verify\":null,\"partSize\":1,\"parts\":[]}\n{\"part\":9,\"etag\":\"x\"}\n")]
    public async Task A_damaged_journal_is_as_good_as_none(string text)
    {
        Server.Add(Name);
        Server.Fail(request => request.Path.Contains("/2?"), Fault.Answer(500), times: 5);
        HubFile file = Random("large.bin", 2 * MiB);
        await FailsAsync("QB5011", () => Push(file));
        await File.WriteAllTextAsync(Directory.GetFiles(PathTo("state")).Single(), text, Ct);

        await Push(file);

        AssertHolds(file);
    }

    [Fact]
    public async Task A_line_of_the_journal_that_was_cut_off_does_not_count()
    {
        Server.Add(Name);
        Server.Fail(request => request.Path.Contains("/3?"), Fault.Answer(500), times: 5);
        using HubClient client = Connect(options => options with { Parallel = 1 });
        HubFile file = Random("large.bin", 3 * MiB);
        await FailsAsync("QB5011", () => Push(client, [file]));
        string journal = Directory.GetFiles(PathTo("state")).Single();
        using (FileStream cut = File.OpenWrite(journal))
            cut.SetLength(cut.Length - 5);
        long before = Sent.Sum(request => request.Received);

        await Push(client, [file]);

        AssertHolds(file);
        Assert.Equal(2 * MiB, Sent.Sum(request => request.Received) - before);
    }

    [Fact]
    public async Task Addresses_that_have_expired_are_asked_for_anew()
    {
        Server.Add(Name);
        int given = 0;
        Server.ExpiresAtOnce = _ => Interlocked.Increment(ref given) <= 2;
        HubFile[] files = [Random("large.bin", 3 * MiB), Random("middle.bin", 70_000, 2)];

        await Push(files);

        AssertHolds(files);
        Assert.Equal(4, Server.To("objects/batch").Count());
    }

    [Fact]
    public async Task Addresses_that_always_expire_are_an_error()
    {
        Server.Add(Name);
        Server.ExpiresAtOnce = _ => true;

        await FailsAsync("QB5015", () => Push(Random("large.bin", 2 * MiB)));

        Assert.Equal(4, Server.To("objects/batch").Count());
    }

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
    public async Task A_server_that_confirms_what_it_does_not_have_is_found_out()
    {
        Server.Add(Name);
        Server.Fail(request => request.Path.Contains("objects/batch"), Fault.Answer(200,
            $$"""{"transfer":"basic","objects":[{"oid":"{{Random("large.bin", 70_000).Digest}}","size":70000}]}"""));
        Server.Fail(request => request.Path.Contains("/commit/"), Fault.Answer(200, $$"""{"commitOid":"{{Repository.Main.Id}}"}"""));

        Assert.Contains("large.bin", await FailsAsync("QB5029", () => Push(Random("large.bin", 70_000))));
    }

    [Fact]
    public async Task A_file_above_the_limit_is_refused_by_its_name()
    {
        Server.Add(Name);
        HubFile file = Random("large.bin", 70_000);
        Server.Fail(request => request.Path.Contains("objects/batch"), Fault.Answer(200,
            $$$"""{"objects":[{"oid":"{{{file.Digest}}}","size":70000,"error":{"code":422,"message":"file is above 50 GB, {{{HubServerToken}}}"}}]}"""));

        string message = await FailsAsync("QB5025", () => Push(file));

        Assert.Contains("large.bin", message);
        Assert.Contains("above 50 GB", message);
    }

    [Theory]
    [InlineData("""{"transfer":"xet","objects":[]}""")]
    [InlineData("""{"objects":[]}""")]
    [InlineData("""{"objects":[{"oid":"0000","size":1}]}""")]
    [InlineData("""{"objects":[{"oid":"DIGEST","size":70000,"actions":{"upload":{"href":"http://example.org/x"}}}]}""")]
    [InlineData("""{"objects":[{"oid":"DIGEST","size":70000,"actions":{"upload":{"href":"https://example.org/x","header":{"chunk_size":"10","1":"https://example.org/1"}}}}]}""")]
    [InlineData("""{"objects":[{"oid":"DIGEST","size":70000,"actions":{"upload":{"href":"https://example.org/x","header":{"chunk_size":"-5"}}}}]}""")]
    public async Task Answers_of_the_batch_call_that_make_no_sense_are_errors(string answer)
    {
        Server.Add(Name);
        HubFile file = Random("large.bin", 70_000);
        Server.Fail(request => request.Path.Contains("objects/batch"), Fault.Answer(200, answer.Replace("DIGEST", file.Digest.ToString())));

        await FailsAsync("QB5013", () => Push(file));
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

    [Fact]
    public async Task Two_pushes_of_one_file_do_not_both_send_it()
    {
        Server.Add(Name);
        HubFile file = Random("large.bin", 2 * MiB);
        using UploadJournal? other = UploadJournal.Open(Options, Id, file);

        await FailsAsync("QB5030", () => Push(file));
    }

    [Theory]
    [InlineData("/part/")]
    [InlineData("/objects/batch")]
    [InlineData("/commit/")]
    public async Task A_quota_that_is_used_up_is_told_at_once_and_nothing_is_committed(string at)
    {
        Repository repository = Server.Add(Name);
        Server.Fail(request => request.Path.Contains(at, StringComparison.Ordinal), Fault.Answer(507, """{"error":"Storage quota exceeded"}"""), times: 9);
        using HubClient client = Connect(options => options with { Parallel = 1 });
        UploadPlan plan = await HubUpload.PlanAsync(client, Id, "main", [HubFile.FromDisk("large.bin", Write("large.bin", 3 << 20), ct: Ct)], Ct);

        await FailsAsync("QB5025", () => HubUpload.RunAsync(client, plan, ("large", ""), ct: Ct));

        Assert.Single(Server.To(at));
        Assert.Empty(repository.Main.Files);
    }

    [Fact]
    public async Task A_pull_request_can_be_merged()
    {
        Repository repository = Server.Add(Name);
        using HubClient client = Connect();
        HubCommit? commit = await HubUpload.RunAsync(client, await HubUpload.PlanAsync(client, Id, "main", [HubFile.FromBytes("a.txt", [1])], Ct), ("a", ""), pullRequest: true, ct: Ct);
        Assert.Empty(repository.Main.Files);

        await client.MergeAsync(Id, commit!.PullRequest!.Value, Ct);

        Assert.Equal(commit.Id, repository.Main.Id);
        await FailsAsync("QB5021", () => client.MergeAsync(Id, 77, Ct));
    }

    [Fact]
    public async Task A_token_without_rights_is_told_so()
    {
        Server.Add(Name);
        Server.Fail(request => request.Path.Contains("/preupload/"), Fault.Answer(403, """{"error":"read-only token"}"""));

        Assert.Contains("read-only token", await FailsAsync("QB5003", () => Push(HubFile.FromBytes("a", [1]))));
    }

    private sealed class Direct(Action<TransferStatus> report) : IProgress<TransferStatus>
    {
        public void Report(TransferStatus value) => report(value);
    }
}
