using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Manifests;
using QuantBuild.SafeTensors;

namespace QuantBuild.Compiler.Hub;

/// <summary>The head of a safetensors file on the Hub, up to the end of its header.</summary>
/// <param name="Bytes">The file's first bytes.</param>
/// <param name="Length">Length in bytes of the whole file.</param>
internal sealed record RemoteHead(ReadOnlyMemory<byte> Bytes, long Length)
{
    // Most headers fit, so that most files take one request.
    private const int FirstTry = 1 << 17;
    private const int PrefixLength = 8;

    /// <summary>Fetches the head of a file by its range alone.</summary>
    /// <param name="client">The Hub.</param>
    /// <param name="repository">The repository.</param>
    /// <param name="commit">The commit.</param>
    /// <param name="path">The file.</param>
    /// <param name="ct">Ends the call.</param>
    /// <exception cref="DiagnosticException">See <see cref="HubClient"/>; or the answer is no range of the file (QB5013).</exception>
    /// <exception cref="SafeTensorsException">The header is larger than the format allows.</exception>
    public static async Task<RemoteHead> FetchAsync(HubClient client, RepoId repository, string commit, string path,
        CancellationToken ct = default)
    {
        RemoteHead first = await RangeAsync(client, repository, commit, path, FirstTry, ct);
        if (first.Bytes.Length < PrefixLength)
            return first;
        long needed =
            Math.Min(first.Length, SafeTensorsFile.HeadLength(first.Bytes.Span[..Math.Min(first.Bytes.Length, ForeignFile.Sample)]));
        return needed <= first.Bytes.Length ? first : await RangeAsync(client, repository, commit, path, (int)needed, ct);
    }

    private static async Task<RemoteHead> RangeAsync(HubClient client, RepoId repository, string commit, string path, int count,
        CancellationToken ct)
    {
        HubRequest request = FileDownload.Request(HttpMethod.Get, client.Transport, repository, commit, path);
        request = request with { Headers =
            [.. request.Headers, KeyValuePair.Create("Range", string.Create(CultureInfo.InvariantCulture, $"bytes=0-{count - 1}"))] };
        for (int tries = 1; ; tries++)
        {
            try
            {
                return await ReadAsync(client, request, count, ct);
            }
            catch (Exception failure) when (HubRetries.IsConnectionFailure(failure))
            {
                if (tries == client.Options.Tries)
                    throw client.Transport.Unreachable(request, tries, failure);
                await Task.Delay(client.Options.FirstPause, client.Options.Time, ct);
            }
        }
    }

    private static async Task<RemoteHead> ReadAsync(HubClient client, HubRequest request, int count, CancellationToken ct)
    {
        using HttpResponseMessage response = await FileDownload.FollowAsync(client, request, ct);
        // A server without support for ranges sends everything; only the wanted part is read.
        long? length = response.StatusCode switch
        {
            HttpStatusCode.PartialContent when response.Content.Headers.ContentRange is ContentRangeHeaderValue { From: 0 } range =>
                range.Length,
            HttpStatusCode.OK => response.Content.Headers.ContentLength,
            _ => null,
        };
        if (length is not { } total)
            throw new DiagnosticException(Descriptors.HubAnswerInvalid.At(null, request.Purpose, "the answer is no range of the file",
                client.Transport.TextOf(request).IdOf(response)));
        var bytes = new byte[(int)Math.Min(count, total)];
        var watch = new StallWatch(client.Options.Stall);
        await using Stream body = await response.Content.ReadAsStreamAsync(ct);
        for (int have = 0; have < bytes.Length;)
        {
            int read = await watch.ReadAsync(body, bytes.AsMemory(have), ct);
            have += read > 0 ? read : throw new EndOfStreamException("the answer ends too early");
        }
        return new RemoteHead(bytes, total);
    }
}
