using System.Text;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Hub;
using QuantBuild.HubServer;

namespace QuantBuild.Tests.Hub;

/// <summary>A server that has seen the token says it again wherever it can.</summary>
public sealed class ServerTextTests : HubTest
{
    private static readonly string Percent = string.Concat(HubServerToken.Select(c => $"%{(int)c:x2}"));

    private static ServerText Texts => new(HubToken.From(HubServerToken, "the test"));

    public static TheoryData<string> Forms => [
        HubServerToken,
        HubServerToken.ToUpperInvariant(),
        HubServerToken[3..],
        HubServerToken[..20],
        Percent,
        Percent.Replace("%", "%25", StringComparison.Ordinal),
        Percent[..9] + HubServerToken[3..],
        Convert.ToBase64String(Encoding.ASCII.GetBytes(HubServerToken)),
        Convert.ToBase64String(Encoding.ASCII.GetBytes("u:" + HubServerToken)),
        Convert.ToBase64String(Encoding.ASCII.GetBytes("user:" + HubServerToken + ":x")),
        Convert.ToHexStringLower(Encoding.ASCII.GetBytes(HubServerToken)),
    ];

    [Theory]
    [MemberData(nameof(Forms))]
    public void The_token_is_blotted_out_in_every_form(string form)
    {
        string shown = Texts.Of($"before {form} after");

        Assert.StartsWith("before ", shown);
        Assert.EndsWith(" after", shown);
        Assert.Contains("***", shown);
        // What is left at the edges of an encoding tells next to nothing.
        Assert.InRange(shown.Replace("***", "", StringComparison.Ordinal).Length, "before  after".Length, "before  after".Length + 12);
    }

    [Theory]
    [InlineData("https://s3/x?X-Amz-Signature=abcdef&partNumber=2", "https://s3/x?X-Amz-Signature=***&partNumber=2")]
    [InlineData("Authorization: Bearer abc123def", "Authorization: Bearer ***")]
    [InlineData("https://user:password@host/x", "https://***host/x")]
    [InlineData("token hf_AbCdEfGhIjKlMnOpQrSt is old", "token *** is old")]
    [InlineData("jwt eyJhbGciOiJI.eyJzdWIi.abc", "jwt ***")]
    [InlineData("Invalid credentials in Authorization header", "Invalid credentials in Authorization header")]
    [InlineData("the token has expired", "the token has expired")]
    public void So_are_secrets_that_tell_themselves_by_their_form(string said, string shown) => Assert.Equal(shown, Texts.Of(said));

    [Fact]
    public void Controls_and_commands_lose_their_meaning() =>
    Assert.Equal("\\u003a:error::a  b\\u202e", Texts.Of(" ::error::a\r\nb\u202e"));

    [Theory]
    [MemberData(nameof(Forms))]
    public async Task No_header_of_a_refusal_gives_it_away(string form)
    {
        foreach (string header in (string[])["X-Request-Id", "X-Amzn-Trace-Id", "X-Amz-Cf-Id", "X-Error-Message", "X-HF-Warning",
            "X-Error-Code"])
        {
            Server.Fail(_ => true, Fault.Answer(403, "", (header, form)));
            using HubClient client = Connect();

            await SilentlyAsync("QB5003", form, () => client.WhoAmIAsync(Ct));
        }
    }

    [Fact]
    public async Task No_redirect_gives_it_away()
    {
        foreach (string target in (string[])[$"{Server.Storage}{HubServerToken}/x", $"{Server.Storage}{Percent}",
            $"ftp://{HubServerToken}/x", $"https://u:{HubServerToken}@host/"])
        {
            Server.Fail(_ => true, Fault.Answer(307, "", ("Location", target)));
            using HubClient client = Connect();

            await SilentlyAsync("QB5014", HubServerToken, () => client.WhoAmIAsync(Ct));
        }
    }

    [Fact]
    public async Task No_answer_gives_it_away()
    {
        Server.Add(Name);
        foreach (string body in (string[])[
            $$"""{"{{HubServerToken}}":""",
            $$"""{"sha":"{{HubServerToken}}"}""",
            $$"""{"sha":"{{new string('a', 40)}}","siblings":[{"rfilename":"{{HubServerToken}}\u001b"}]}"""])
        {
            Server.Fail(_ => true, Fault.Answer(200, body));
            using HubClient client = Connect();

            await SilentlyAsync("QB5013", HubServerToken, () => client.RevisionAsync(Id, "main", Ct));
        }
    }

    [Fact]
    public async Task No_name_of_a_branch_gives_it_away()
    {
        Server.Add(Name);
        Server.Fail(request => request.Path.Contains("/tag/", StringComparison.Ordinal), Fault.Answer(409));
        Server.Fail(request => request.Path.Contains("/refs", StringComparison.Ordinal),
            Fault.Answer(200, $$"""{"tags":[{"name":"{{HubServerToken}}","ref":"refs/tags/v1","targetCommit":"{{HubServerToken}}"}]}"""));
        using HubClient client = Connect();

        await SilentlyAsync("QB5013", HubServerToken, () => client.CreateTagAsync(Id, "v1", new string('b', 40), "m", Ct));
    }

    [Fact]
    public async Task No_host_that_does_not_answer_gives_it_away()
    {
        using HubClient client = Connect(options => options with { Tries = 1 });
        var request = new HubRequest(HttpMethod.Get, new Uri($"http://{HubServerToken.Replace('_', '-')}.invalid/"), "asking");

        await SilentlyAsync("QB5010", HubServerToken[3..], () => client.Transport.SendAsync(request, Ct));
    }

    private async Task SilentlyAsync(string code, string form, Func<Task> action)
    {
        DiagnosticException failure = await Assert.ThrowsAsync<DiagnosticException>(action);
        Assert.Equal(code, failure.Diagnostics[0].Descriptor.Code);
        string everything = failure + string.Concat(failure.Diagnostics) + string.Concat(Notices);
        Assert.DoesNotContain(form, everything, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain(HubServerToken[3..], everything, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain('\u001b', everything);
    }
}
