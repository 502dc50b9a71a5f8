using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Manifests;

namespace QuantBuild.Compiler.Hub;

/// <summary>Sends large files to the Hub's storage: whole or in parts, several requests at a time.</summary>
/// <param name="transport">Sends requests.</param>
/// <param name="repository">The repository.</param>
/// <param name="branch">The branch the files are for; null for a pull request.</param>
/// <param name="meter">Counts bytes.</param>
internal sealed class LfsUpload(HubTransport transport, RepoId repository, string? branch, TransferMeter meter) : IDisposable
{
    /// <summary>How often new addresses are asked for when the old ones have expired.</summary>
    private const int MostRenewals = 3;

    private readonly SemaphoreSlim _slots = new(transport.Options.Parallel);

    /// <summary>Sends the files that the Hub's storage lacks.</summary>
    public Task RunAsync(IEnumerable<HubFile> files, CancellationToken ct) => Parallel.ForEachAsync(
        files.DistinctBy(file => file.Digest),
            new ParallelOptions { CancellationToken = ct, MaxDegreeOfParallelism = transport.Options.Parallel },
        async (file, token) => await SendAsync(file, token));

    /// <inheritdoc/>
    public void Dispose() => _slots.Dispose();

    private async Task SendAsync(HubFile file, CancellationToken ct)
    {
        using UploadJournal? journal = UploadJournal.Open(transport.Options, repository, file);
        LfsAction? action = Usable(journal, file);
        if (action is not null)
            meter.Skip(journal!.Tags.Keys.Sum(part => PartLength(action, file, part)));
        for (int round = 0; ; round++)
        {
            if (action is null)
            {
                action = await LfsBatch.AskAsync(transport, repository, branch, file, ct);
                if (action is null)
                {
                    meter.Skip(file.Size);
                    journal?.Forget();
                    return;
                }
                if (action.InParts)
                    journal?.Begin(action);
            }
            bool arrived = action.InParts ? await SendPartsAsync(file, action, journal, ct) : await SendWholeAsync(file, action, ct);
            file.RequireUnchanged();
            if (arrived)
            {
                await VerifyAsync(file, action, ct);
                journal?.Forget();
                return;
            }
            if (round == MostRenewals)
                throw new DiagnosticException(Descriptors.HubRefused.At(null, $"'{file.Path}'", 403,
                    "its storage rejects every address that it gives", "unknown"));
            journal?.Forget();
            action = null;
        }
    }

    /// <summary>The remembered addresses, if they still fit the file.</summary>
    private static LfsAction? Usable(UploadJournal? journal, HubFile file) =>
        journal?.Action is { InParts: true } action && action.Parts.Length == (file.Size + action.PartSize - 1) / action.PartSize
        && journal.Tags.Keys.All(part => part >= 1 && part <= action.Parts.Length) ? action : null;

    /// <summary>Sends a file in one request; false when the address has expired.</summary>
    private Task<bool> SendWholeAsync(HubFile file, LfsAction action, CancellationToken ct) =>
        PutAsync(file, action.Upload, action.Headers, 0, file.Size, _ => { }, ct);

    /// <summary>
    /// Sends the parts that have not arrived and asks for them to be put together; false when the addresses have expired.
    /// </summary>
    private async Task<bool> SendPartsAsync(HubFile file, LfsAction action, UploadJournal? journal, CancellationToken ct)
    {
        var tags = new string?[action.Parts.Length];
        foreach ((int part, string tag) in journal?.Tags ?? new Dictionary<int, string>())
            tags[part - 1] = tag;
        using var expired = CancellationTokenSource.CreateLinkedTokenSource(ct);
        bool good = true;
        try
        {
            await Parallel.ForEachAsync(Enumerable.Range(0, tags.Length).Where(i => tags[i] is null),
                new ParallelOptions { CancellationToken = expired.Token, MaxDegreeOfParallelism = transport.Options.Parallel },
                    async (i, token) =>
                {
                    if (await PutAsync(file, action.Parts[i], [], i * action.PartSize, PartLength(action, file, i + 1), Arrived, token))
                        return;
                    good = false;
                    await expired.CancelAsync();

                    void Arrived(string tag)
                    {
                        tags[i] = tag;
                        journal?.Finish(i + 1, tag);
                    }
                });
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested && !good)
        {
            // Other parts were given up because one address turned out to have expired.
        }
        if (good)
            good = await CompleteAsync(file, action, tags!, ct);
        if (!good)
            meter.Move(-tags.Select((tag, i) => tag is null ? 0 : PartLength(action, file, i + 1)).Sum());
        return good;
    }

    private async Task<bool> CompleteAsync(HubFile file, LfsAction action, string[] tags, CancellationToken ct)
    {
        var body = new JsonObject
        {
            ["oid"] = file.Digest.ToString(),
            ["parts"] = new JsonArray([.. tags.Select((tag, i) => (JsonNode)new JsonObject { ["partNumber"] = i + 1, ["etag"] = tag })]),
        };
        var request = new HubRequest(HttpMethod.Post, action.Upload, $"completing '{file.Path}'")
        {
            Content = () => HubJson.Body(body, HubJson.Lfs),
            Headers = [KeyValuePair.Create("Accept", HubJson.Lfs)],
            Authorized = false,
            Accepts = IsExpiry,
            Path = file.Path,
        };
        using HttpResponseMessage response = await transport.SendAsync(request, ct);
        return response.IsSuccessStatusCode;
    }

    private async Task VerifyAsync(HubFile file, LfsAction action, CancellationToken ct)
    {
        if (action.Verify is not { } address)
            return;
        var request = new HubRequest(HttpMethod.Post, address, $"verifying '{file.Path}'")
        {
            Content = () => HubJson.Body(new JsonObject { ["oid"] = file.Digest.ToString(), ["size"] = file.Size }, HubJson.Lfs),
            Headers = [KeyValuePair.Create("Accept", HubJson.Lfs)],
        };
        using HttpResponseMessage response = await transport.SendAsync(request, ct);
    }

    /// <summary>Sends a stretch of a file; false when the address has expired.</summary>
    private async Task<bool> PutAsync(HubFile file, Uri address, ImmutableArray<KeyValuePair<string, string>> headers, long offset,
        long count, Action<string> arrived, CancellationToken ct)
    {
        await _slots.WaitAsync(ct);
        FilePart? part = null;
        bool good = false;
        try
        {
            var watch = new StallWatch(transport.Options.Stall);
            var request = new HubRequest(HttpMethod.Put, address, $"sending '{file.Path}'")
            {
                Content = () =>
                {
                    meter.Move(-(part?.Sent ?? 0));
                    return part = new FilePart(file, offset, count, watch, meter);
                },
                Headers = headers,
                Authorized = false,
                Watch = watch,
                Accepts = IsExpiry,
                Path = file.Path,
            };
            using HttpResponseMessage response = await transport.SendAsync(request, ct);
            good = response.IsSuccessStatusCode;
            if (good)
                arrived(HubFailures.Header(response, "ETag") ?? string.Create(CultureInfo.InvariantCulture, $"part-{offset}"));
            return good;
        }
        finally
        {
            if (!good)
                meter.Move(-(part?.Sent ?? 0));
            part?.Dispose();
            _slots.Release();
        }
    }

    private static long PartLength(LfsAction action, HubFile file, int part) =>
        Math.Min(action.PartSize, file.Size - (part - 1) * action.PartSize);

    /// <summary>Storage has no status of its own for an address that has expired; all of these mean that a new one may help.</summary>
    private static bool IsExpiry(HttpStatusCode status) =>
        status is HttpStatusCode.BadRequest or HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden or HttpStatusCode.NotFound
        or HttpStatusCode.Gone;
}
