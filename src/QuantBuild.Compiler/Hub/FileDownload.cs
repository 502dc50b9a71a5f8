using System.Buffers;
using System.Globalization;
using System.Net;
using Microsoft.Win32.SafeHandles;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Store;

namespace QuantBuild.Compiler.Hub;

/// <summary>Brings one file into the cache: from where an earlier try left off, and only if its digest is right in the end.</summary>
internal sealed class FileDownload(HubClient client, HubCache cache, RepoId repository, string commit, RemoteFile file, TransferMeter meter)
{
    private const int ChunkSize = 1 << 18;

    private readonly string _unfinished = cache.Unfinished(repository, file.ETag);

    /// <summary>A request for a file's content or description.</summary>
    public static HubRequest Request(HttpMethod method, HubTransport transport, RepoId repository, string commit, string path) =>
        new(method, transport.Address($"{repository}/resolve/{commit}/{string.Join('/', path.Split('/').Select(Uri.EscapeDataString))}"),
            $"fetching '{path}' of '{repository}'")
        {
            Repository = repository,
            Revision = commit,
            Path = path,
            HandsOutRedirects = true,
            Streams = true,
            // A compressed answer would have another size, and Range would mean something else.
            Headers = [KeyValuePair.Create("Accept-Encoding", "identity")],
        };

    public async Task RunAsync(CancellationToken ct)
    {
        cache.Prepare(repository, file.ETag);
        using (await ActionClaim.AcquireAsync(cache.Lock(repository, file.ETag), onWait: null, ct))
        {
            // Another process, or a file with the same content, may have been faster.
            var there = new FileInfo(cache.Blob(repository, file.ETag));
            if (there.Exists && there.Length == file.Size)
                meter.Skip(file.Size);
            else
                await FetchAsync(ct);
            cache.Link(repository, commit, file.Path, file.ETag);
        }
    }

    private async Task FetchAsync(CancellationToken ct)
    {
        long had = new FileInfo(_unfinished) is { Exists: true, Length: var length } && length <= file.Size ? length : 0;
        bool resumed = had > 0;
        meter.Skip(had);
        for (int failures = 0; had < file.Size || !File.Exists(_unfinished);)
        {
            long before = had;
            Exception? failure = null;
            try
            {
                had = await ContinueAsync(had, ct);
            }
            catch (Exception broken) when (HubRetries.IsConnectionFailure(broken))
            {
                failure = broken;
                had = File.Exists(_unfinished) ? new FileInfo(_unfinished).Length : 0;
            }
            if (had >= file.Size)
                break;
            // A connection that brought something is worth another try, however often it breaks.
            failures = had > before ? 0 : failures + 1;
            if (failures == client.Options.Tries)
            {
                throw client.Transport.Unreachable(Request(HttpMethod.Get, client.Transport, repository, commit, file.Path), failures,
                    failure ?? new IOException("the answer ends too early"));
            }
            client.Options.Notice?.Invoke(string.Create(CultureInfo.InvariantCulture,
                $"'{file.Path}' broke off at {had} of {file.Size} bytes; going on"));
            await Task.Delay(client.Options.FirstPause, client.Options.Time, ct);
        }
        string digest = DigestOf(ct);
        if (digest != file.ETag && resumed)
        {
            // The older part may be another server's, or have suffered; only a whole download tells.
            AtomicFile.TryDelete(_unfinished);
            meter.Move(-file.Size);
            await FetchAsync(ct);
            return;
        }
        if (digest != file.ETag)
            throw Damaged($"its digest is {digest[..12]} instead of {file.ETag[..12]}");
        AtomicFile.Replace(_unfinished, cache.Blob(repository, file.ETag));
    }

    /// <summary>Asks for the bytes from <paramref name="offset"/> on.</summary>
    /// <returns>How many bytes there are now.</returns>
    private async Task<long> ContinueAsync(long offset, CancellationToken ct)
    {
        var watch = new StallWatch(client.Options.Stall);
        HubRequest request = Request(HttpMethod.Get, client.Transport, repository, commit, file.Path) with
        {
            Watch = watch,
            Accepts = status => status == HttpStatusCode.RequestedRangeNotSatisfiable,
        };
        if (offset > 0)
            request = request with { Headers =
                [.. request.Headers, KeyValuePair.Create("Range", string.Create(CultureInfo.InvariantCulture, $"bytes={offset}-"))] };
        using HttpResponseMessage response = await FollowAsync(client, request, ct);
        return await StoreAsync(response, offset, watch, ct);
    }

    /// <summary>
    /// Sends a request for a file's content and follows it to the content's own server, whose address is a secret, and who must not see the
    /// token.
    /// </summary>
    public static async Task<HttpResponseMessage> FollowAsync(HubClient client, HubRequest request, CancellationToken ct)
    {
        HttpResponseMessage response = await client.Transport.SendAsync(request, ct);
        for (int hop = 0; (int)response.StatusCode is >= 300 and < 400 && response.Headers.Location is { } location; hop++)
        {
            response.Dispose();
            if (hop == 5)
                throw new DiagnosticException(Descriptors.HubRedirectRefused.At(null, request.Purpose, client.Transport.TextOf(request)
                    .Of(location), "there are too many"));
            request = request with { Address = location };
            response = await client.Transport.SendAsync(request, ct);
        }
        return response;
    }

    private async Task<long> StoreAsync(HttpResponseMessage response, long offset, StallWatch watch, CancellationToken ct)
    {
        // Any answer but the very bytes asked for means to begin again.
        bool goesOn = response.StatusCode == HttpStatusCode.PartialContent && response.Content.Headers.ContentRange?.From == offset;
        if (!goesOn)
        {
            meter.Move(-offset);
            offset = 0;
        }
        using SafeFileHandle target = Open(offset);
        if (response.StatusCode != HttpStatusCode.OK && !goesOn)
            return 0;
        byte[] chunk = ArrayPool<byte>.Shared.Rent(ChunkSize);
        try
        {
            await using Stream body = await response.Content.ReadAsStreamAsync(ct);
            for (int read; (read = await watch.ReadAsync(body, chunk, ct)) > 0;)
            {
                if (offset + read > file.Size)
                    throw Damaged($"it has more than {file.Size} bytes");
                Write(target, chunk.AsSpan(0, read), offset);
                offset += read;
                meter.Move(read);
            }
            return offset;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(chunk);
        }
    }

    private SafeFileHandle Open(long length)
    {
        try
        {
            SafeFileHandle target = File.OpenHandle(_unfinished, FileMode.OpenOrCreate, FileAccess.Write, FileShare.Read);
            // Only what is too much goes: an unfinished file is not made longer than what has arrived.
            if (RandomAccess.GetLength(target) > length)
                RandomAccess.SetLength(target, length);
            return target;
        }
        catch (Exception failure) when (StoreErrors.IsFileSystem(failure))
        {
            throw StoreErrors.Translate(failure, _unfinished);
        }
    }

    /// <summary>Writes; a full disk is not a broken connection.</summary>
    private void Write(SafeFileHandle target, ReadOnlySpan<byte> bytes, long offset)
    {
        try
        {
            RandomAccess.Write(target, bytes, offset);
        }
        catch (Exception failure) when (StoreErrors.IsFileSystem(failure))
        {
            throw StoreErrors.Translate(failure, _unfinished);
        }
    }

    private string DigestOf(CancellationToken ct) =>
        file.ETag.Length == 64 ? FileHash.Of(_unfinished, ct: ct).ToString() : GitBlob.IdOf(_unfinished, ct);

    private DiagnosticException Damaged(string why)
    {
        AtomicFile.TryDelete(_unfinished);
        return new DiagnosticException(Descriptors.HubDigestMismatch.At(null, file.Path, repository, why));
    }
}

/// <summary>What the Hub says about a file before it is downloaded.</summary>
/// <param name="Path">Its path in the repository.</param>
/// <param name="ETag">SHA-256 of a large file, git's blob id of a small one.</param>
/// <param name="Size">Its size in bytes.</param>
internal sealed record RemoteFile(string Path, string ETag, long Size);
