using System.Net;
using System.Net.Http.Headers;

namespace QuantBuild.Compiler.Store.Remote.Http;

/// <summary>
/// A shared store behind a server that speaks Bazel's HTTP cache: bazel-remote, nginx with WebDAV, Artifactory and others.
/// </summary>
/// <remarks>
/// <c>{base}/ac/{key}</c> is an <see cref="ActionResultMessage"/>, <c>{base}/cas/{digest}</c> a blob; HEAD, GET (with a range, to go on
/// where a transfer broke off) and PUT. See https://bazel.build/remote/caching#http-caching. Redirects are not followed: an answer must
/// not lead to another server.
/// </remarks>
internal sealed class HttpStore : IBlobStore, IActionCache, IDisposable
{
    private readonly HttpCalls _calls;
    private readonly string _base;

    /// <summary>A store; nothing is asked of it yet.</summary>
    /// <param name="address">Its base, absolute, without query.</param>
    /// <param name="authorization">Goes along with every request; null for none.</param>
    /// <param name="limits">How long it is waited for.</param>
    public HttpStore(Uri address, HttpAuthorization? authorization, HttpLimits limits)
    {
        _base = address.AbsoluteUri.TrimEnd('/');
        _calls = new HttpCalls(authorization, limits);
    }

    /// <inheritdoc/>
    public async ValueTask<bool> ContainsAsync(BlobRef blob, CancellationToken ct = default)
    {
        using HttpResponseMessage? response = await _calls.SendAsync(() => new(HttpMethod.Head, AddressOf(blob)), "asking for a blob", ct);
        return response is not null && (response.Content.Headers.ContentLength ?? blob.Size) == blob.Size;
    }

    /// <inheritdoc/>
    public async ValueTask<Stream?> OpenAsync(BlobRef blob, long offset = 0, CancellationToken ct = default)
    {
        // A range that begins at the end is an error of its own to servers.
        if (offset > 0 && offset == blob.Size)
            return await ContainsAsync(blob, ct) ? Stream.Null : null;
        HttpResponseMessage? response = await _calls.SendAsync(() => Get(blob, offset), "reading a blob", ct);
        if (response is null)
            return null;
        try
        {
            Stream body = await HttpBody.OpenAsync(response, _calls.Limits, ct);
            if (response.StatusCode == HttpStatusCode.PartialContent && response.Content.Headers.ContentRange?.From != offset)
                throw new IOException("the server sent another part of a blob than the one that it was asked for");
            if (response.StatusCode != HttpStatusCode.PartialContent)
                await SkipAsync(body, offset, ct);
            return body;
        }
        catch
        {
            response.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public async ValueTask PutAsync(BlobRef blob, Stream content, CancellationToken ct = default)
    {
        long start = content.CanSeek ? content.Position : 0;
        HashedContent? sent = null;
        try
        {
            using HttpResponseMessage? _ = await _calls.PutAsync(AddressOf(blob), () =>
            {
                if (content.CanSeek)
                    content.Position = start;
                return sent = new HashedContent(blob, content);
            }, again: () => content.CanSeek && sent?.Failure is null, "writing a blob", ct);
        }
        catch (IOException) when (sent?.Failure is { } failure)
        {
            throw failure is InvalidDataException ? failure : new IOException(failure.Message, failure);
        }
    }

    /// <inheritdoc/>
    public async ValueTask<ActionRecord?> FindAsync(Digest key, CancellationToken ct = default)
    {
        using HttpResponseMessage? response =
            await _calls.SendAsync(() => new(HttpMethod.Get, AddressOf(key)), "looking up a result", ct);
        if (response is null || response.Content.Headers.ContentLength > ActionResultMessage.LongestMessage)
            return null;
        await using Stream body = await HttpBody.OpenAsync(response, _calls.Limits, ct);
        using var message = new MemoryStream();
        var chunk = new byte[1 << 14];
        for (int read; (read = await body.ReadAsync(chunk, ct)) > 0;)
        {
            await message.WriteAsync(chunk.AsMemory(0, read), ct);
            if (message.Length > ActionResultMessage.LongestMessage)
                return null;
        }
        return ActionResultMessage.Parse(message.ToArray(), key);
    }

    /// <inheritdoc/>
    public async ValueTask PutAsync(ActionRecord record, CancellationToken ct = default)
    {
        byte[] message = ActionResultMessage.Of(record);
        using HttpResponseMessage? _ = await _calls.PutAsync(AddressOf(record.Key), () => new ByteArrayContent(message), () => true,
            "writing a result", ct);
    }

    /// <inheritdoc/>
    public void Dispose() => _calls.Dispose();

    private Uri AddressOf(BlobRef blob) => new($"{_base}/cas/{blob.Digest}");

    private Uri AddressOf(Digest key) => new($"{_base}/ac/{key}");

    private HttpRequestMessage Get(BlobRef blob, long offset)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, AddressOf(blob));
        if (offset > 0)
            request.Headers.Range = new RangeHeaderValue(offset, null);
        return request;
    }

    /// <summary>For servers that know no ranges.</summary>
    private static async Task SkipAsync(Stream body, long bytes, CancellationToken ct)
    {
        var chunk = new byte[1 << 16];
        for (long left = bytes; left > 0;)
        {
            int read = await body.ReadAsync(chunk.AsMemory(0, (int)Math.Min(chunk.Length, left)), ct);
            if (read == 0)
                return;
            left -= read;
        }
    }
}
