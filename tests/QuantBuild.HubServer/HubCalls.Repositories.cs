using System.Text;
using System.Text.Json.Nodes;

namespace QuantBuild.HubServer;

internal sealed partial class HubCalls
{
    private async Task CreateAsync(bool known)
    {
        if (!known)
        {
            await ErrorAsync(401, "Invalid username or password.");
            return;
        }
        JsonNode body = await BodyAsync();
        string owner = body["organization"]?.GetValue<string>() ?? server.User;
        if (owner != server.User && owner != "org")
        {
            await ErrorAsync(403, $"You don't have the rights to create a model under the namespace \"{owner}\"");
            return;
        }
        string id = $"{owner}/{body["name"]!.GetValue<string>()}";
        var made = new Repository(id) { Private = body["visibility"]?.GetValue<string>() == "private" };
        if (server.Repositories.TryAdd(id, made))
            await JsonAsync(new JsonObject { ["url"] = server.Endpoint + id, ["id"] = id });
        else
            await ErrorAsync(409, "You already created this model repo");
    }

    private async Task ValidateAsync()
    {
        string content = (await BodyAsync())["content"]!.GetValue<string>();
        bool good = content.StartsWith("---\n", StringComparison.Ordinal) && content.IndexOf("\n---\n", 4, StringComparison.Ordinal) > 0
            && !content.Contains("license: nonsense", StringComparison.Ordinal);
        await JsonAsync(new JsonObject
        {
            ["warnings"] = new JsonArray(),
            ["errors"] = good ? [] : new JsonArray(new JsonObject { ["message"] = "\"license\" must be one of the known licences" }),
        }, good ? 200 : 400);
    }

    private async Task ExchangeAsync()
    {
        JsonNode body = await BodyAsync();
        if (body["subject_token"]!.GetValue<string>() == "identity of the job"
            && body["grant_type"]!.GetValue<string>() == "urn:ietf:params:oauth:grant-type:token-exchange")
        {
            await JsonAsync(new JsonObject
            {
                ["access_token"] = HubServer.Token,
                ["token_type"] = "bearer",
                ["expires_in"] = 3600,
                ["issued_token_type"] = "urn:ietf:params:oauth:token-type:access_token",
            });
        }
        else
        {
            await JsonAsync(new JsonObject { ["error"] = "invalid_grant",
                ["error_description"] = $"no publisher matches {body["subject_token"]}" }, 400);
        }
    }

    private Task RevisionAsync(Repository repository, string revision) => repository.Find(revision) is { } commit
        ? JsonAsync(new JsonObject
        {
            ["id"] = repository.Id,
            ["sha"] = commit.Id,
            ["private"] = repository.Private,
            ["siblings"] =
                new JsonArray([.. commit.Files.Keys.Order(StringComparer.Ordinal)
                    .Select(path => (JsonNode)new JsonObject { ["rfilename"] = path })]),
        })
        : NoRevisionAsync(revision);

    private Task ReferencesAsync(Repository repository) => JsonAsync(new JsonObject
    {
        ["branches"] = Under(repository, "refs/heads/"),
        ["tags"] = Under(repository, "refs/tags/"),
        ["converts"] = new JsonArray(),
        ["pullRequests"] = Under(repository, "refs/pr/"),
    });

    private static JsonArray Under(Repository repository, string prefix) => new([.. repository.Heads
        .Where(head => head.Key.StartsWith(prefix, StringComparison.Ordinal))
        .Select(head =>
            (JsonNode)new JsonObject { ["name"] = head.Key[prefix.Length..], ["ref"] = head.Key, ["targetCommit"] = head.Value })]);

    private async Task TreeAsync(Repository repository, string revision)
    {
        if (repository.Find(revision.Split('/')[0]) is not { } commit)
            await NoRevisionAsync(revision);
        else
            await JsonAsync(new JsonArray([.. commit.Files.Values.Select(Describe)]));
    }

    private async Task PathsAsync(Repository repository, string revision)
    {
        string text = await new StreamReader(_request.Body).ReadToEndAsync();
        string[] paths = text.StartsWith('{')
            ? [.. JsonNode.Parse(text)!["paths"]!.AsArray().Select(path => path!.GetValue<string>())]
            : [.. text.Split('&').Where(field => field.StartsWith("paths=", StringComparison.Ordinal))
                .Select(field => Uri.UnescapeDataString(field[6..]))];
        if (repository.Find(revision) is not { } commit)
            await NoRevisionAsync(revision);
        else
            await JsonAsync(new JsonArray([.. paths.Where(commit.Files.ContainsKey).Select(path => Describe(commit.Files[path]))]));
    }

    private static JsonNode Describe(Entry entry)
    {
        var node = new JsonObject { ["type"] = "file", ["path"] = entry.Path, ["size"] = entry.Size, ["oid"] = entry.GitId };
        if (entry.LfsId is not null)
            node["lfs"] = new JsonObject { ["oid"] = entry.LfsId, ["size"] = entry.Size, ["pointerSize"] = 134 };
        return node;
    }

    private async Task BranchAsync(Repository repository, string branch)
    {
        string text = await new StreamReader(_request.Body).ReadToEndAsync();
        string start = (text.Length > 0 ? JsonNode.Parse(text)!["startingPoint"]?.GetValue<string>() : null) ?? "main";
        if (repository.Find(start) is not { } commit)
            await NoRevisionAsync(start);
        else if (repository.Heads.TryAdd($"refs/heads/{branch}", commit.Id))
            await JsonAsync(new JsonObject());
        else
            await ErrorAsync(409, "Reference already exists");
    }

    private async Task TagAsync(Repository repository, string revision)
    {
        string tag = (await BodyAsync())["tag"]!.GetValue<string>();
        if (repository.Find(revision) is not { } commit)
            await NoRevisionAsync(revision);
        else if (repository.Heads.TryAdd($"refs/tags/{tag}", commit.Id))
            await JsonAsync(new JsonObject());
        else
            await ErrorAsync(409, "Tag reference exists already");
    }

    private async Task PreuploadAsync(Repository repository, string revision)
    {
        if (repository.Find(revision) is null)
        {
            await NoRevisionAsync(revision);
            return;
        }
        JsonArray files = (await BodyAsync())["files"]!.AsArray();
        await JsonAsync(new JsonObject
        {
            ["files"] = new JsonArray([.. files.Select(file => (JsonNode)new JsonObject
            {
                ["path"] = file!["path"]!.GetValue<string>(),
                ["uploadMode"] = file["size"]!.GetValue<long>() >= server.LargeFrom ? "lfs" : "regular",
                ["shouldIgnore"] = file["path"]!.GetValue<string>().EndsWith(".ignored", StringComparison.Ordinal),
            })]),
        });
    }

    private async Task MergeAsync(Repository repository, string rest)
    {
        if (rest.Split('/') is not [var number, "merge"] || !repository.Heads.TryGetValue($"refs/pr/{number}", out string? head))
        {
            await ErrorAsync(404, "no such discussion");
            return;
        }
        repository.Heads["refs/heads/main"] = head;
        await JsonAsync(new JsonObject());
    }

    private async Task CommitAsync(Repository repository, string revision)
    {
        string[] lines = (await new StreamReader(_request.Body).ReadToEndAsync()).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        if (repository.Find(revision) is not { } head)
        {
            await NoRevisionAsync(revision);
            return;
        }
        var files = new Dictionary<string, Entry>(head.Files, StringComparer.Ordinal);
        string title = "";
        foreach (JsonNode line in lines.Select(line => JsonNode.Parse(line)!))
        {
            JsonNode value = line["value"]!;
            switch (line["key"]!.GetValue<string>())
            {
                case "header":
                    title = value["summary"]!.GetValue<string>();
                    if (value["parentCommit"] is { } parent && parent.GetValue<string>() != head.Id)
                    {
                        await ErrorAsync(412, "A commit has happened since. Please refresh and try again.");
                        return;
                    }
                    break;
                case "file":
                    byte[] content = value["encoding"]?.GetValue<string>() == "base64"
                        ? Convert.FromBase64String(value["content"]!.GetValue<string>())
                        : Encoding.UTF8.GetBytes(value["content"]!.GetValue<string>());
                    files[value["path"]!.GetValue<string>()] = Repository.Small(value["path"]!.GetValue<string>(), content);
                    break;
                case "lfsFile":
                    string digest = value["oid"]!.GetValue<string>();
                    if (!File.Exists(server.ObjectPath(digest)))
                    {
                        await ErrorAsync(400,
                            $"Your push was rejected because an LFS pointer pointed to a file that does not exist: {digest}");
                        return;
                    }
                    files[value["path"]!.GetValue<string>()] =
                        Repository.Large(value["path"]!.GetValue<string>(), digest, value["size"]!.GetValue<long>());
                    break;
                case "deletedFile":
                    files.Remove(value["path"]!.GetValue<string>());
                    break;
            }
        }
        Commit commit = repository.Add(head, title, files);
        var answer = new JsonObject { ["commitOid"] = commit.Id, ["commitUrl"] = $"{server.Endpoint}{repository.Id}/commit/{commit.Id}",
            ["hookOutput"] = "" };
        if (_request.Query["create_pr"] == "1")
        {
            int number = repository.Heads.Keys.Count(name => name.StartsWith("refs/pr/", StringComparison.Ordinal)) + 1;
            repository.Heads[$"refs/pr/{number}"] = commit.Id;
            answer["pullRequestUrl"] = $"{server.Endpoint}{repository.Id}/discussions/{number}";
        }
        else
        {
            repository.Heads[revision.StartsWith("refs/", StringComparison.Ordinal) ? revision : $"refs/heads/{revision}"] = commit.Id;
        }
        await JsonAsync(answer);
    }
}
