using QuantBuild.Compiler.Hub;
using QuantBuild.Compiler.Manifests;
using QuantBuild.HubServer;

namespace QuantBuild.Tests.Hub;

public sealed class HubClientTests : HubTest
{
    [Fact]
    public async Task The_token_s_owner_is_known()
    {
        using HubClient client = Connect();

        HubUser user = await client.WhoAmIAsync(Ct);

        Assert.Equal("tester", user.Name);
        Assert.Equal(["org"], user.Organizations);
    }

    [Fact]
    public async Task A_repository_is_made_once()
    {
        using HubClient client = Connect();

        Assert.True(await client.CreateRepositoryAsync(Id, isPrivate: true, Ct));
        Assert.False(await client.CreateRepositoryAsync(Id, isPrivate: true, Ct));
        Assert.True(await client.CreateRepositoryAsync(RepoId.Parse("tester/own"), isPrivate: false, Ct));

        Assert.True(Server.Repositories[Name].Private);
        Assert.False(Server.Repositories["tester/own"].Private);
    }

    [Fact]
    public async Task Branches_and_tags_are_made_once_and_never_moved()
    {
        Repository repository = Server.Add(Name);
        string first = repository.Main.Id;
        repository.Heads["refs/heads/other"] = repository.Add(repository.Main, "second", repository.Main.Files).Id;
        using HubClient client = Connect();

        await client.CreateBranchAsync(Id, "feature/x", ct: Ct);
        await client.CreateTagAsync(Id, "v1", first, "first", Ct);
        await client.CreateTagAsync(Id, "v1", first, "again", Ct);

        Assert.Equal(first, repository.Heads["refs/heads/feature/x"]);
        Assert.Equal(first, repository.Heads["refs/tags/v1"]);
        Assert.Contains(first,
            await FailsAsync("QB5026", () => client.CreateTagAsync(Id, "v1", repository.Heads["refs/heads/other"], "moved", Ct)));
        Assert.Equal(["main", "other", "feature/x", "v1"], (await client.ReferencesAsync(Id, ct: Ct)).Select(reference => reference.Name));
    }

    [Fact]
    public async Task The_hub_checks_a_card_s_front_matter()
    {
        using HubClient client = Connect();

        Assert.Empty(await client.CheckCardAsync("---\nlicense: mit\n---\n", Ct));
        Assert.Single(await client.CheckCardAsync("---\nlicense: nonsense\n---\n", Ct));
    }

    [Fact]
    public async Task Failures_of_the_server_are_tried_again_with_growing_pauses()
    {
        Server.Fail(_ => true, Fault.Answer(500), times: 2);
        Server.Fail(_ => true, Fault.Drop);
        Server.Fail(_ => true, Fault.Answer(503));
        using HubClient client = Connect();

        await client.WhoAmIAsync(Ct);

        Assert.Equal([1, 2, 4, 8], Time.Pauses);
        Assert.Equal(5, Server.Requests.Count);
        Assert.Equal(4, Notices.Count);
    }

    [Fact]
    public async Task After_five_tries_the_failure_is_told_with_the_request_s_id()
    {
        Server.Fail(_ => true, Fault.Answer(502, "<html>", ("X-Request-Id", "abc-123")), times: 9);
        using HubClient client = Connect();

        string message = await FailsAsync("QB5011", () => client.WhoAmIAsync(Ct));

        Assert.Contains("502", message);
        Assert.Contains("abc-123", message);
        Assert.Equal(5, Server.Requests.Count);
    }

    [Theory]
    [InlineData("ratelimit", "\"api\";r=0;t=55", 56)]
    [InlineData("Retry-After", "30", 31)]
    public async Task A_rate_limit_is_waited_for_as_long_as_the_server_says(string header, string value, double pause)
    {
        Server.Fail(_ => true, Fault.Answer(429, "", (header, value)));
        using HubClient client = Connect();

        await client.WhoAmIAsync(Ct);

        Assert.Equal([pause], Time.Pauses);
    }

    [Fact]
    public async Task The_window_of_the_rate_limit_is_not_waited_for_when_it_is_not_used_up()
    {
        // The Hub says with every answer how much is left.
        Server.Fail(_ => true, Fault.Answer(500, "", ("ratelimit", "\"api\";r=480;t=250")));
        using HubClient client = Connect();

        await client.WhoAmIAsync(Ct);

        Assert.Equal([1], Time.Pauses);
    }

    [Fact]
    public async Task A_rate_limit_of_hours_is_an_error_at_once()
    {
        Server.Fail(_ => true, Fault.Answer(429, """{"error":"come back tomorrow"}""", ("Retry-After", "86400")));
        using HubClient client = Connect();

        Assert.Contains("come back tomorrow", await FailsAsync("QB5012", () => client.WhoAmIAsync(Ct)));

        Assert.Empty(Time.Pauses);
    }

    [Fact]
    public async Task Nobody_there_is_an_error_that_names_the_address()
    {
        using HubClient client = Connect(options => options with { Endpoint = new Uri("http://127.0.0.1:1/") });

        Assert.Contains("127.0.0.1:1", await FailsAsync("QB5010", () => client.WhoAmIAsync(Ct)));
    }

    [Fact]
    public async Task A_server_that_never_answers_is_given_up()
    {
        Server.Fail(_ => true, Fault.Hang, times: 9);
        using HubClient client = Connect(options => options with { Stall = TimeSpan.FromMilliseconds(50) });

        Assert.Contains("nothing moved", await FailsAsync("QB5010", () => client.WhoAmIAsync(Ct)));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task An_answer_that_breaks_off_or_stalls_in_the_middle_is_asked_for_again(bool stalls)
    {
        Server.Fail(_ => true, stalls ? Fault.Stall(5) : Fault.Truncate(5), times: 2);
        using HubClient client = Connect(options => options with { Stall = TimeSpan.FromSeconds(2) });

        Assert.Equal("tester", (await client.WhoAmIAsync(Ct)).Name);

        Assert.Equal(3, Server.Requests.Count);
    }

    [Fact]
    public async Task An_answer_without_end_is_not_read_to_it()
    {
        Server.Fail(_ => true, Fault.Answer(200, new string(' ', (1 << 26) + 1)));
        using HubClient client = Connect();

        Assert.Contains("too long", await FailsAsync("QB5013", () => client.WhoAmIAsync(Ct)));

        Assert.Single(Server.Requests);
    }

    [Fact]
    public async Task Cancelling_ends_a_call_as_a_cancellation()
    {
        Server.Fail(_ => true, Fault.Hang, times: 9);
        using HubClient client = Connect();
        using var cancel = new CancellationTokenSource(50);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => client.WhoAmIAsync(cancel.Token));
    }

    [Fact]
    public async Task A_renamed_repository_is_found_with_the_token()
    {
        Server.Add("org/new").Private = true;
        Server.Renamed[Name] = "org/new";
        using HubClient client = Connect();

        HubRevision revision = await client.RevisionAsync(Id, "main", Ct);

        Assert.Equal(Server.Repositories["org/new"].Main.Id, revision.Commit);
        Assert.All(Server.Requests, request => Assert.NotNull(request.Authorization));
    }

    [Fact]
    public async Task A_call_is_not_redirected_to_another_server()
    {
        Server.Fail(_ => true, Fault.Answer(307, "", ("Location", $"{Server.Storage}steal?code=hidden")));
        using HubClient client = Connect();

        string message = await FailsAsync("QB5014", () => client.WhoAmIAsync(Ct));

        Assert.Contains($"{Server.Storage}steal", message);
        Assert.DoesNotContain("hidden", message);
        Assert.DoesNotContain(Server.Requests, request => request.Storage);
    }

    [Fact]
    public async Task Redirects_in_a_circle_end()
    {
        Server.Fail(_ => true, Fault.Answer(302, "", ("Location", "/api/whoami-v2")), times: 99);
        using HubClient client = Connect();

        Assert.Contains("too many", await FailsAsync("QB5014", () => client.WhoAmIAsync(Ct)));

        Assert.InRange(Server.Requests.Count, 2, 10);
    }

    [Theory]
    [InlineData(401, "RepoNotFound", "QB5021")]
    [InlineData(404, "RevisionNotFound", "QB5022")]
    [InlineData(404, "EntryNotFound", "QB5023")]
    [InlineData(403, "GatedRepo", "QB5004")]
    [InlineData(401, "", "QB5021")]
    [InlineData(404, "", "QB5021")]
    [InlineData(403, "", "QB5003")]
    [InlineData(413, "", "QB5025")]
    [InlineData(507, "", "QB5025")]
    [InlineData(422, "", "QB5015")]
    public async Task Each_refusal_has_its_own_code(int status, string code, string expected)
    {
        Server.Fail(_ => true, Fault.Answer(status, """{"error":"because"}""", ("X-Error-Code", code), ("X-Request-Id", "id-77")));
        using HubClient client = Connect();

        Assert.Contains("id-77", await FailsAsync(expected, () => client.RevisionAsync(Id, "main", Ct)));
    }

    [Fact]
    public async Task A_wrong_token_is_told_apart_from_a_missing_repository()
    {
        Server.Add(Name);
        using HubClient wrong = Connect(options => options with { Token = HubToken.From("hf_wrong", "HF_TOKEN") });
        using HubClient none = Connect(options => options with { Token = null });

        await FailsAsync("QB5001", () => wrong.RevisionAsync(Id, "main", Ct));
        await FailsAsync("QB5002", () => none.WhoAmIAsync(Ct));
        await FailsAsync("QB5021", () => none.RevisionAsync(RepoId.Parse("org/missing"), "main", Ct));
        Assert.Null(await none.FindRevisionAsync(RepoId.Parse("org/missing"), "main", Ct));
    }

    [Fact]
    public async Task A_server_that_repeats_the_token_does_not_get_it_into_a_message()
    {
        Server.Fail(_ => true,
            Fault.Answer(403, $$"""{"errors":[{"message":"{{new string('x', 380)}} Bearer {{HubServerToken}} has no rights"}]}"""));
        Server.Fail(_ => true, Fault.Answer(200, """{"name":"a"}""", ("X-HF-Warning", $"old; {HubServerToken} expires")));
        using HubClient client = Connect();

        string message = await FailsAsync("QB5003", () => client.WhoAmIAsync(Ct));
        await client.WhoAmIAsync(Ct);

        Assert.DoesNotContain(HubServerToken[..8], message);
        Assert.Equal(["old; *** expires"], Notices);
    }

    [Theory]
    [InlineData("")]
    [InlineData("<html>captive portal</html>")]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("""{"name":7}""")]
    [InlineData("""{"nam":"x"}""")]
    public async Task Answers_that_are_not_the_protocol_s_are_errors(string body)
    {
        Server.Fail(_ => true, Fault.Answer(200, body));
        using HubClient client = Connect();

        await FailsAsync("QB5013", () => client.WhoAmIAsync(Ct));
    }
}
