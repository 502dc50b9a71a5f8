using QuantBuild.Compiler.Hub;
using QuantBuild.HubServer;

namespace QuantBuild.Tests.Hub;

public sealed class TokenTests : HubTest
{
    private readonly Dictionary<string, string?> _variables = [];

    private HubEnvironment Variables => new(_variables.GetValueOrDefault);

    private Task<HubToken?> Find(string? given = null) => TokenDiscovery.FindAsync(Options, Variables, given, Ct);

    [Fact]
    public async Task The_order_is_given_then_environment_then_file()
    {
        await File.WriteAllTextAsync(PathTo("token"), "  from-file\n", Ct);
        _variables["HF_TOKEN_PATH"] = PathTo("token");
        Assert.Equal(PathTo("token"), (await Find())!.Origin);

        _variables["HUGGING_FACE_HUB_TOKEN"] = "old";
        Assert.Equal("HUGGING_FACE_HUB_TOKEN", (await Find())!.Origin);

        _variables["HF_TOKEN"] = "new";
        Assert.Equal("HF_TOKEN", (await Find())!.Origin);

        Assert.Equal("the caller", (await Find("given"))!.Origin);
    }

    [Fact]
    public async Task White_space_around_a_token_in_a_file_is_dropped()
    {
        await File.WriteAllTextAsync(PathTo("token"), $"\n {HubServerToken} \r\n", Ct);
        _variables["HF_TOKEN_PATH"] = PathTo("token");
        using HubClient client = Connect(options => options with { Token = Find().Result });

        Assert.Equal("tester", (await client.WhoAmIAsync(Ct)).Name);
    }

    [Fact]
    public async Task Without_any_token_there_is_none_and_implicit_ones_can_be_forbidden()
    {
        _variables["HF_TOKEN_PATH"] = PathTo("missing");
        Assert.Null(await Find());

        _variables["HF_TOKEN"] = "x";
        _variables["HF_HUB_DISABLE_IMPLICIT_TOKEN"] = "1";
        Assert.Null(await Find());
        Assert.NotNull(await Find("given"));
    }

    [Theory]
    [InlineData("two words")]
    [InlineData("line\nbreak")]
    [InlineData("ünicode")]
    public void Text_that_cannot_be_a_header_is_no_token(string text) => Assert.Null(HubToken.From(text, "test"));

    [Fact]
    public async Task Text_that_cannot_be_a_token_is_an_error_and_not_passed_over_for_the_next_one()
    {
        await File.WriteAllTextAsync(PathTo("token"), "of-somebody-else", Ct);
        _variables["HF_TOKEN_PATH"] = PathTo("token");
        _variables["HF_TOKEN"] = "hf_half\nhf_secondHalf";

        string message = await FailsAsync("QB5007", () => Find());

        Assert.Contains("HF_TOKEN", message);
        Assert.DoesNotContain("half", message, StringComparison.OrdinalIgnoreCase);
        _variables["HF_TOKEN"] = null;
        await File.WriteAllTextAsync(PathTo("token"), "two\nlines", Ct);
        Assert.Contains(PathTo("token"), await FailsAsync("QB5007", () => Find()));
    }

    [Fact]
    public async Task In_ci_the_job_s_identity_is_exchanged_for_a_token()
    {
        // arrange: the job's identity comes from the storage's origin, which stands for the CI system
        _variables["HF_OIDC_RESOURCE"] = Name;
        _variables["HF_TOKEN"] = "not asked for";
        _variables["ACTIONS_ID_TOKEN_REQUEST_URL"] = $"{Server.Storage}identity?api-version=2";
        _variables["ACTIONS_ID_TOKEN_REQUEST_TOKEN"] = "job secret".Replace(' ', '-');
        Server.Fail(request => request.Path.StartsWith("/identity"), Fault.Answer(200, """{"value":"identityOfTheJob"}"""));
        Server.Fail(request => request.Path == "/oauth/token",
            Fault.Answer(200, $$"""{"access_token":"{{HubServerToken}}","token_type":"bearer","expires_in":3600}"""));

        // act
        HubToken? token = await Find();

        // assert
        Assert.Equal("trusted publishing", token!.Origin);
        Traffic identity = Server.To("/identity").Single();
        Assert.Equal("Bearer job-secret", identity.Authorization);
        Assert.Contains($"api-version=2&audience={Uri.EscapeDataString(Server.Endpoint.AbsoluteUri.TrimEnd('/'))}", identity.Path);
        Assert.Null(Server.To("/oauth/token").Single().Authorization);
    }

    [Fact]
    public async Task A_refused_exchange_says_why_without_the_identity()
    {
        _variables["HF_OIDC_RESOURCE"] = Name;
        _variables["ACTIONS_ID_TOKEN_REQUEST_URL"] = $"{Server.Storage}identity";
        _variables["ACTIONS_ID_TOKEN_REQUEST_TOKEN"] = "job-secret";
        Server.Fail(request => request.Path.StartsWith("/identity"), Fault.Answer(200, """{"value":"wrongIdentity"}"""));

        string message = await FailsAsync("QB5005", () => Find());

        Assert.Contains("no publisher matches ***", message);
        Assert.DoesNotContain("wrongIdentity", message);
    }

    [Fact]
    public async Task A_job_without_identity_tokens_is_told_so()
    {
        _variables["HF_OIDC_RESOURCE"] = Name;

        Assert.Contains("no access to identity tokens", await FailsAsync("QB5005", () => Find()));
    }

    [Fact]
    public void A_token_never_shows_itself()
    {
        HubToken token = HubToken.From(HubServerToken, "HF_TOKEN")!;

        Assert.Equal("token from HF_TOKEN", token.ToString());
        Assert.DoesNotContain(HubServerToken, (Options with { Token = token }).ToString());
    }

    [Theory]
    [InlineData("http://example.org", "it must be https")]
    [InlineData("ftp://example.org", "it must be https")]
    [InlineData("not an address", "it is not an address")]
    [InlineData("https://me:secret@example.org", "user name")]
    [InlineData("https://example.org/?a=b", "user name")]
    public async Task Endpoints_that_would_leak_the_token_are_refused(string endpoint, string why)
    {
        string message = await FailsAsync("QB5006", () => Task.FromResult(HubEnvironment.EndpointFrom(endpoint)));

        Assert.Contains(why, message);
        Assert.DoesNotContain("secret", message);
    }

    [Fact]
    public void The_environment_names_the_endpoint_and_the_cache()
    {
        Assert.Equal("https://huggingface.co/", Variables.Endpoint.AbsoluteUri);
        _variables["HF_ENDPOINT"] = "https://example.org/hub//";
        _variables["XDG_CACHE_HOME"] = PathTo("caches");
        Assert.Equal("https://example.org/hub/", Variables.Endpoint.AbsoluteUri);
        Assert.Equal(PathTo("caches", "huggingface", "hub"), Variables.CacheFolder);
        _variables["HF_HOME"] = PathTo("home");
        Assert.Equal(PathTo("home", "hub"), Variables.CacheFolder);
        Assert.Equal(PathTo("home", "token"), Variables.TokenFile);
        _variables["HF_HUB_CACHE"] = PathTo("cache");
        Assert.Equal(PathTo("cache"), Variables.CacheFolder);
    }
}
