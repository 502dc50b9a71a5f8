using System.Collections.Immutable;
using System.Net;
using System.Text.Json.Nodes;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Json;
using QuantBuild.Compiler.Manifests;

namespace QuantBuild.Compiler.Hub;

/// <summary>The Hub's HTTP interface for model repositories, one method per call.</summary>
/// <remarks>
/// Calls are tried again where that is harmless, wait when the Hub asks for it, and fail as <see cref="DiagnosticException"/>s with
/// the server's request id. The token goes to the endpoint's origin only, and appears in no message.
/// </remarks>
/// <param name="options">Endpoint, token and patience.</param>
internal sealed partial class HubClient(HubOptions options) : IDisposable
{
    internal HubOptions Options => options;

    internal HubTransport Transport { get; } = new(options);

    /// <summary>Answers to calls with the client's own token.</summary>
    private ServerText Own { get; } = new(options.Token);

    /// <summary>Whose token it is.</summary>
    /// <exception cref="DiagnosticException">There is no valid token (QB5001, QB5002).</exception>
    public async Task<HubUser> WhoAmIAsync(CancellationToken ct = default)
    {
        var request = new HubRequest(HttpMethod.Get, Transport.Address("api/whoami-v2"), "asking whose token it is");
        return await CallAsync(request, answer => HubUser.FromJson(answer, Own), ct);
    }

    /// <summary>Makes a repository; one that exists is left as it is.</summary>
    /// <param name="repository">Its name.</param>
    /// <param name="isPrivate">Whether only its owner sees it.</param>
    /// <param name="ct">Ends the call.</param>
    /// <returns>Whether it was made by this call.</returns>
    public async Task<bool> CreateRepositoryAsync(RepoId repository, bool isPrivate, CancellationToken ct = default)
    {
        HubUser user = await WhoAmIAsync(ct);
        var body = new JsonObject { ["name"] = repository.Name, ["type"] = "model", ["visibility"] = isPrivate ? "private" : "public" };
        if (repository.Owner != user.Name)
            body["organization"] = repository.Owner;
        var request = new HubRequest(HttpMethod.Post, Transport.Address("api/repos/create"), $"creating '{repository}'")
        {
            Content = () => HubJson.Body(body),
            Accepts = status => status == HttpStatusCode.Conflict,
        };
        using HttpResponseMessage response = await Transport.SendAsync(request, ct);
        return response.StatusCode != HttpStatusCode.Conflict;
    }

    /// <summary>What a revision resolves to.</summary>
    /// <exception cref="DiagnosticException">There is no such repository (QB5021) or revision (QB5022).</exception>
    public async Task<HubRevision> RevisionAsync(RepoId repository, string revision, CancellationToken ct = default)
    {
        HubRequest request = About(HttpMethod.Get, repository, $"revision/{Escape(revision)}",
            $"looking up '{repository}'") with { Revision = revision };
        return await CallAsync(request, answer => HubRevision.FromJson(answer, Own), ct);
    }

    /// <summary>Like <see cref="RevisionAsync"/>; null when there is no such repository or revision.</summary>
    public async Task<HubRevision?> FindRevisionAsync(RepoId repository, string revision, CancellationToken ct = default)
    {
        try
        {
            return await RevisionAsync(repository, revision, ct);
        }
        catch (DiagnosticException failure) when (failure.Diagnostics[0].Descriptor is var what
            && (what == Descriptors.HubRepositoryNotFound || what == Descriptors.HubRevisionNotFound))
        {
            return null;
        }
    }

    /// <summary>Sizes and digests of files; paths that do not exist are left out.</summary>
    public async Task<ImmutableArray<HubEntry>> EntriesAsync(RepoId repository, string revision, IEnumerable<string> paths,
        CancellationToken ct = default)
    {
        var entries = ImmutableArray.CreateBuilder<HubEntry>();
        foreach (string[] chunk in paths.Chunk(ChunkSize))
        {
            var body = new JsonObject { ["paths"] = new JsonArray([.. chunk.Select(path => (JsonNode)path)]), ["expand"] = false };
            HubRequest request = About(HttpMethod.Post, repository, $"paths-info/{Escape(revision)}",
                $"listing files of '{repository}'") with
            {
                Content = () => HubJson.Body(body),
                Revision = revision,
            };
            entries.AddRange(await CallAsync(request, answer =>
                answer.Items().Select(entry => HubEntry.FromJson(entry, Own)).OfType<HubEntry>().ToArray(), ct));
        }
        return entries.ToImmutable();
    }

    /// <summary>Branches and tags, and pull requests if asked for.</summary>
    public async Task<ImmutableArray<HubRef>> ReferencesAsync(RepoId repository, bool pullRequests = false, CancellationToken ct = default)
    {
        HubRequest request = About(HttpMethod.Get, repository, pullRequests ? "refs?include_prs=1" : "refs",
            $"listing branches of '{repository}'");
        return await CallAsync(request, answer => HubRef.ListFromJson(answer, Own), ct);
    }

    /// <summary>Makes a branch; one that is there already is left as it is.</summary>
    /// <param name="repository">The repository.</param>
    /// <param name="branch">The branch.</param>
    /// <param name="start">Where it begins; null for the head of main.</param>
    /// <param name="ct">Ends the call.</param>
    /// <exception cref="DiagnosticException">It exists at another commit than <paramref name="start"/> (QB5026).</exception>
    public async Task CreateBranchAsync(RepoId repository, string branch, string? start = null, CancellationToken ct = default)
    {
        var body = new JsonObject();
        if (start is not null)
            body["startingPoint"] = start;
        HubRequest request = About(HttpMethod.Post, repository, $"branch/{Escape(branch)}", $"making branch '{branch}' of '{repository}'");
        await CreateAsync(request, body, repository, $"refs/heads/{branch}", start, ct);
    }

    /// <summary>Makes a tag; one that is there already for the same commit is left as it is.</summary>
    /// <param name="repository">The repository.</param>
    /// <param name="tag">The tag.</param>
    /// <param name="commit">The commit, 40 hexadecimal digits.</param>
    /// <param name="message">What it is about.</param>
    /// <param name="ct">Ends the call.</param>
    /// <exception cref="DiagnosticException">It exists for another commit (QB5026).</exception>
    public async Task CreateTagAsync(RepoId repository, string tag, string commit, string message, CancellationToken ct = default)
    {
        HubRequest request = About(HttpMethod.Post, repository, $"tag/{Escape(commit)}", $"making tag '{tag}' of '{repository}'");
        await CreateAsync(request, new JsonObject { ["tag"] = tag, ["message"] = message }, repository, $"refs/tags/{tag}", commit, ct);
    }

    /// <summary>What the Hub finds wrong with a model card's front matter.</summary>
    /// <returns>Its errors; empty when the card is good.</returns>
    public async Task<ImmutableArray<string>> CheckCardAsync(string card, CancellationToken ct = default)
    {
        var request = new HubRequest(HttpMethod.Post, Transport.Address("api/validate-yaml"), "checking the model card")
        {
            Content = () => HubJson.Body(new JsonObject { ["content"] = card, ["repoType"] = "model" }),
            Accepts = status => status == HttpStatusCode.BadRequest,
        };
        return await CallAsync(request, answer =>
            (answer.Find("errors")?.Items() ?? []).Select(error => Transport.TextOf(request).Of(error.Member("message").Text()))
            .ToImmutableArray(), ct);
    }

    /// <inheritdoc/>
    public void Dispose() => Transport.Dispose();

    private static string Escape(string revision) => Uri.EscapeDataString(revision);

    private HubRequest About(HttpMethod method, RepoId repository, string call, string purpose) =>
        new(method, Transport.Address($"api/models/{repository}/{call}"), purpose) { Repository = repository };

    private async Task<T> CallAsync<T>(HubRequest request, Func<JsonNode, T> read, CancellationToken ct)
    {
        using HttpResponseMessage response = await Transport.SendAsync(request, ct);
        return await HubJson.ReadAsync(Transport, request, response, read, ct);
    }

    private async Task CreateAsync(HubRequest request, JsonObject body, RepoId repository, string full, string? commit,
        CancellationToken ct)
    {
        request = request with { Content = () => HubJson.Body(body), Accepts = status => status == HttpStatusCode.Conflict };
        using HttpResponseMessage response = await Transport.SendAsync(request, ct);
        if (response.StatusCode != HttpStatusCode.Conflict)
            return;
        // Either it was there before, or an earlier try made it and the answer was lost.
        ImmutableArray<HubRef> references = await ReferencesAsync(repository, ct: ct);
        if (commit is not null && references.FirstOrDefault(reference => reference.Full == full) is { } existing
            && existing.Commit != commit)
            throw new DiagnosticException(Descriptors.HubNameTaken.At(null, existing.Name, repository, existing.Commit));
    }
}
