using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Http;

namespace QuantBuild.HubServer;

/// <summary>The Hub's own calls.</summary>
internal sealed partial class HubCalls(HubServer server, HttpContext context)
{
    private readonly HttpRequest _request = context.Request;
    private readonly HttpResponse _response = context.Response;

    public async Task RunAsync()
    {
        string? authorization = _request.Headers.Authorization.FirstOrDefault();
        if (authorization is not null && authorization != $"Bearer {HubServer.Token}")
        {
            await ErrorAsync(401, "Invalid credentials in Authorization header");
            return;
        }
        bool known = authorization is not null;
        string path = _request.Path.Value!;
        if (path == "/api/whoami-v2")
            await (known ? JsonAsync(Account()) : ErrorAsync(401, "Invalid username or password."));
        else if (path == "/api/repos/create")
            await CreateAsync(known);
        else if (path == "/api/validate-yaml")
            await ValidateAsync();
        else if (path == "/oauth/token")
            await ExchangeAsync();
        else if (ApiPath().Match(path) is { Success: true } api)
            await InRepositoryAsync(api.Groups[1].Value, known, repository =>
                ApiAsync(repository, known, api.Groups[2].Value, Uri.UnescapeDataString(api.Groups[3].Value)));
        else if (BatchPath().Match(path) is { Success: true } batch)
            await InRepositoryAsync(batch.Groups[1].Value, known, _ => WithWriteAsync(known, BatchAsync));
        else if (ResolvePath().Match(path) is { Success: true } resolve)
            await InRepositoryAsync(resolve.Groups[1].Value, known, repository =>
                ResolveAsync(repository, Uri.UnescapeDataString(resolve.Groups[2].Value), resolve.Groups[3].Value));
        else if (path.StartsWith("/complete/", StringComparison.Ordinal))
            await CompleteAsync(path["/complete/".Length..]);
        else if (path == "/verify")
            await WithWriteAsync(known, VerifyAsync);
        else
            await ErrorAsync(404, "Sorry, we can't find the page you are looking for.");
    }

    private async Task InRepositoryAsync(string id, bool known, Func<Repository, Task> work)
    {
        if (server.Renamed.TryGetValue(id, out string? current))
        {
            _response.StatusCode = 307;
            _response.Headers.Location = (_request.Path.Value! + _request.QueryString).Replace(id, current, StringComparison.Ordinal);
        }
        else if (!server.Repositories.TryGetValue(id, out Repository? repository) || (repository.Private && !known))
        {
            if (known)
                await ErrorAsync(404, "Repository not found", "RepoNotFound");
            else
                await ErrorAsync(401, "Invalid username or password.");
        }
        else
        {
            await work(repository);
        }
    }

    private Task ApiAsync(Repository repository, bool known, string call, string rest) => (_request.Method, call) switch
    {
        ("GET", "revision") => RevisionAsync(repository, rest),
        ("GET", "refs") => ReferencesAsync(repository),
        ("GET", "auth-check") => JsonAsync(new JsonObject()),
        ("GET", "tree") => TreeAsync(repository, rest),
        ("POST", "paths-info") => PathsAsync(repository, rest),
        ("POST", "preupload") => WithWriteAsync(known, () => PreuploadAsync(repository, rest)),
        ("POST", "commit") => WithWriteAsync(known, () => CommitAsync(repository, rest)),
        ("POST", "branch") => WithWriteAsync(known, () => BranchAsync(repository, rest)),
        ("POST", "tag") => WithWriteAsync(known, () => TagAsync(repository, rest)),
        ("POST", "discussions") => WithWriteAsync(known, () => MergeAsync(repository, rest)),
        ("GET", "") => RevisionAsync(repository, "main"),
        _ => ErrorAsync(404, "no such call"),
    };

    private Task WithWriteAsync(bool known, Func<Task> work) => known ? work() : ErrorAsync(401, "Invalid username or password.");

    private JsonObject Account() => new()
    {
        ["type"] = "user",
        ["name"] = server.User,
        ["orgs"] = new JsonArray(new JsonObject { ["name"] = "org" }),
        ["auth"] = new JsonObject { ["type"] = "access_token",
            ["accessToken"] = new JsonObject { ["displayName"] = "test", ["role"] = "write" } },
    };

    private async Task<JsonNode> BodyAsync() => (await JsonNode.ParseAsync(_request.Body))!;

    private async Task JsonAsync(JsonNode value, int status = 200)
    {
        _response.StatusCode = status;
        _response.ContentType = "application/json";
        await _response.WriteAsync(value.ToJsonString());
    }

    private async Task ErrorAsync(int status, string message, string? code = null)
    {
        if (code is not null)
            _response.Headers["X-Error-Code"] = code;
        _response.Headers["X-Error-Message"] = message;
        await JsonAsync(new JsonObject { ["error"] = message }, status);
    }

    private Task NoRevisionAsync(string revision) => ErrorAsync(404, $"Invalid rev id: {revision}", "RevisionNotFound");

    [GeneratedRegex("^/api/models/([^/]+/[^/]+)(?:/([^/]+)(?:/(.+))?)?$")]
    private static partial Regex ApiPath();

    [GeneratedRegex("^/([^/]+/[^/]+)\\.git/info/lfs/objects/batch$")]
    private static partial Regex BatchPath();

    [GeneratedRegex("^/([^/]+/[^/]+)/resolve/([^/]+)/(.+)$")]
    private static partial Regex ResolvePath();
}
