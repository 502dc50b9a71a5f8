using QuantBuild.Compiler.Hub;
using QuantBuild.HubServer;

namespace QuantBuild.Tests.Hub;

/// <summary>What was sent is not sent again: parts that fail, pushes that are cut off, addresses that expire.</summary>
public sealed class UploadResumeTests : UploadTest
{
    [Theory]
    [InlineData(500)]
    [InlineData(429)]
    [InlineData(0)]
    public async Task A_part_that_fails_is_sent_again(int status)
    {
        Server.Add(Name);
        Server.Fail(request => request.Path.StartsWith("/part/") && request.Path.Contains("/2?"), status == 0
            ? Fault.Drop
            : Fault.Answer(status), times: 2);
        HubFile file = Random("large.bin", 3 * MiB);

        await Push(file);

        AssertHolds(file);
        Assert.Equal(3 * MiB, Progress.Last().Done);
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

    [Fact]
    public async Task Two_pushes_of_one_file_do_not_both_send_it()
    {
        Server.Add(Name);
        HubFile file = Random("large.bin", 2 * MiB);
        using UploadJournal? other = UploadJournal.Open(Options, Id, file);

        await FailsAsync("QB5030", () => Push(file));
    }
}
