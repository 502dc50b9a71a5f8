using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.Json.Nodes;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Json;
using QuantBuild.Compiler.Manifests;

namespace QuantBuild.Compiler.Hub;

/// <content>What makes up an upload: asking how each file travels, and the commit.</content>
internal sealed partial class HubClient
{
    /// <summary>Files per request.</summary>
    internal const int ChunkSize = 100;

    /// <summary>Bytes of a file that may go into the commit itself, which is made in memory; the Hub allows less.</summary>
    private const long LargestInCommit = 1 << 26;

    /// <summary>Asks how each file travels.</summary>
    internal async Task<ImmutableArray<PreuploadAnswer>> PreuploadAsync(RepoId repository, string revision, IReadOnlyList<HubFile> files,
        bool pullRequest, CancellationToken ct)
    {
        var answers = ImmutableArray.CreateBuilder<PreuploadAnswer>();
        foreach (HubFile[] chunk in files.Chunk(ChunkSize))
        {
            var body = new JsonObject
            {
                ["files"] = new JsonArray([.. chunk.Select(file => (JsonNode)new JsonObject
                {
                    ["path"] = file.Path,
                    ["sample"] = Convert.ToBase64String(file.Sample()),
                    ["size"] = file.Size,
                })]),
            };
            HubRequest request = About(HttpMethod.Post, repository, $"preupload/{Escape(revision)}{Query(pullRequest)}",
                $"preparing the upload to '{repository}'") with
            {
                Content = () => HubJson.Body(body),
                Revision = revision,
            };
            Dictionary<string, PreuploadAnswer> byPath = await CallAsync(request, answer => answer.Member("files").Items()
                .Select(file => PreuploadAnswer.FromJson(file, Own))
                .ToDictionary(file => file.Path, StringComparer.Ordinal), ct);
            // Git LFS has no object for nothing: the Hub takes empty files into the commit itself.
            foreach (HubFile file in chunk)
            {
                string? fault = !byPath.TryGetValue(file.Path, out PreuploadAnswer? answer) ? $"it leaves out '{file.Path}'"
                    : answer is { Large: false, Ignored: false } && file.Size > LargestInCommit
                    ? $"it wants the {file.Size} bytes of '{file.Path}' inside the commit"
                    : null;
                if (fault is not null)
                    throw new DiagnosticException(Descriptors.HubAnswerInvalid.At(null, request.Purpose, fault, "unknown"));
                answers.Add(answer! with { Large = answer.Large && file.Size > 0 });
            }
        }
        return answers.ToImmutable();
    }

    /// <summary>Makes a commit.</summary>
    /// <returns>The commit; null when the connection broke or the server failed, so that it is not known whether it was made.</returns>
    /// <exception cref="DiagnosticException">It was refused; the branch moved (QB5024).</exception>
    internal async Task<HubCommit?> TryCommitAsync(RepoId repository, string revision, string lines, bool pullRequest, CancellationToken ct)
    {
        HubRequest request = About(HttpMethod.Post, repository, $"commit/{Escape(revision)}{Query(pullRequest)}",
            $"committing to '{repository}'") with
        {
            Content = () =>
            {
                var content = new StringContent(lines);
                content.Headers.ContentType = new MediaTypeHeaderValue("application/x-ndjson");
                return content;
            },
            Revision = revision,
            Repeatable = false,
            // A full quota is an answer; other failures of the server leave open whether it committed.
            Accepts = status => ((int)status >= 500 && status != HttpStatusCode.InsufficientStorage)
                || status is HttpStatusCode.PreconditionFailed or HttpStatusCode.Conflict or HttpStatusCode.RequestTimeout,
        };
        try
        {
            using HttpResponseMessage response = await Transport.SendAsync(request, ct);
            if (response.StatusCode is HttpStatusCode.PreconditionFailed or HttpStatusCode.Conflict)
            {
                DiagnosticException refusal = await HubFailures.FromAsync(Transport, request, response, ct);
                throw new DiagnosticException(Descriptors.HubBranchMoved.At(null, revision, repository, refusal.Diagnostics[0].Message),
                    refusal);
            }
            if (!response.IsSuccessStatusCode)
                return null;
            return await HubJson.ReadAsync(Transport, request, response, answer => HubCommit.FromJson(answer, Own), ct);
        }
        catch (DiagnosticException failure) when (failure.Diagnostics[0].Descriptor == Descriptors.HubUnreachable)
        {
            return null;
        }
    }

    /// <summary>Merges a pull request into its branch.</summary>
    /// <param name="repository">The repository.</param>
    /// <param name="number">Its number.</param>
    /// <param name="ct">Ends the call.</param>
    public async Task MergeAsync(RepoId repository, int number, CancellationToken ct = default)
    {
        HubRequest request = About(HttpMethod.Post, repository, string.Create(CultureInfo.InvariantCulture, $"discussions/{number}/merge"),
            $"merging pull request {number} of '{repository}'") with
        {
            Content = () => HubJson.Body(new JsonObject { ["comment"] = "" }),
            Repeatable = false,
        };
        using HttpResponseMessage response = await Transport.SendAsync(request, ct);
    }

    /// <summary>The body of a commit, one JSON value per line.</summary>
    internal static string CommitLines(string summary, string description, string? parent, IEnumerable<HubFile> small,
        IEnumerable<HubFile> large, IEnumerable<string> deleted)
    {
        var header = new JsonObject { ["summary"] = summary, ["description"] = description };
        if (parent is not null)
            header["parentCommit"] = parent;
        IEnumerable<JsonObject> lines = [
            Line("header", header),
            .. small.Select(file => Line("file", new JsonObject
            {
                ["path"] = file.Path,
                ["content"] = Convert.ToBase64String(file.ReadContent()),
                ["encoding"] = "base64",
            })),
            .. large.Select(file => Line("lfsFile", new JsonObject
            {
                ["path"] = file.Path,
                ["algo"] = "sha256",
                ["oid"] = file.Digest.ToString(),
                ["size"] = file.Size,
            })),
            .. deleted.Select(path => Line("deletedFile", new JsonObject { ["path"] = path }))];
        return string.Concat(lines.Select(line => line.ToJsonString(JsonSerializerOptions.Web) + "\n"));
    }

    private static JsonObject Line(string key, JsonObject value) => new() { ["key"] = key, ["value"] = value };

    private static string Query(bool pullRequest) => pullRequest ? "?create_pr=1" : "";
}
