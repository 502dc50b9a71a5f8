using System.Globalization;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Store;
using QuantBuild.Compiler.Store.Remote.Http;

namespace QuantBuild.Remotes.Objects;

/// <summary>A shared store of a cloud's objects.</summary>
/// <remarks>
/// <c>ac/&lt;key&gt;</c> is an <see cref="ActionResultMessage"/>, <c>cas/&lt;digest&gt;</c> a blob, as in a folder and behind a server. A
/// blob that is there is replaced: its bytes may be damaged.
/// </remarks>
/// <param name="objects">The objects; disposed with the store.</param>
/// <param name="stall">Without an answer to a question, or without a byte of one, a call is given up.</param>
internal sealed class ObjectStore(IObjects objects, TimeSpan stall) : IBlobStore, IActionCache, IDisposable
{
    /// <inheritdoc/>
    public async ValueTask<bool> ContainsAsync(BlobRef blob, CancellationToken ct = default) =>
        await AskAsync("asking for a blob", ct => objects.LengthAsync(NameOf(blob), ct), ct) == blob.Size;

    /// <inheritdoc/>
    public async ValueTask<Stream?> OpenAsync(BlobRef blob, long offset = 0, CancellationToken ct = default)
    {
        // A range that begins at the end is an error of its own to clouds, and so is any of an empty object.
        if (offset == blob.Size)
            return await ContainsAsync(blob, ct) ? Stream.Null : null;
        ObjectContent? content = await AskAsync("reading a blob", ct => objects.OpenAsync(NameOf(blob), offset, ct), ct);
        if (content is null || offset == 0 || content.Length == blob.Size - offset)
            return content is null ? null : BodyOf(content);
        content.Owner.Dispose();
        throw new IOException("the server sent another part of a blob than the one that it was asked for");
    }

    /// <inheritdoc/>
    public async ValueTask PutAsync(BlobRef blob, Stream content, CancellationToken ct = default)
    {
        IAsyncEnumerable<ReadOnlyMemory<byte>> parts = Parts.ReadAsync(blob, content, ct);
        await CallAsync("writing a blob", async ct =>
        {
            if (blob.Size > Parts.Length)
            {
                await objects.PutAsync(NameOf(blob), parts, ct);
                return true;
            }
            await foreach (ReadOnlyMemory<byte> whole in parts.WithCancellation(ct))
                await objects.PutAsync(NameOf(blob), whole, ct);
            return true;
        }, Timeout.InfiniteTimeSpan, ct);
    }

    /// <inheritdoc/>
    public async ValueTask<ActionRecord?> FindAsync(Digest key, CancellationToken ct = default)
    {
        ObjectContent? content = await AskAsync("looking up a result", ct => objects.OpenAsync(NameOf(key), 0, ct), ct);
        if (content is null)
            return null;
        await using Stream body = BodyOf(content);
        if (content.Length > ActionResultMessage.LongestMessage)
            return null;
        var message = new byte[content.Length];
        return await body.ReadAtLeastAsync(message, message.Length, throwOnEndOfStream: false, ct) == message.Length
            ? ActionResultMessage.Parse(message, key) : null;
    }

    /// <inheritdoc/>
    public async ValueTask PutAsync(ActionRecord record, CancellationToken ct = default) => await CallAsync("writing a result", async ct =>
    {
        await objects.PutAsync(NameOf(record.Key), ActionResultMessage.Of(record), ct);
        return true;
    }, Timeout.InfiniteTimeSpan, ct);

    /// <inheritdoc/>
    public void Dispose() => objects.Dispose();

    private static string NameOf(BlobRef blob) => $"cas/{blob.Digest}";

    private static string NameOf(Digest key) => $"ac/{key}";

    private HttpBody BodyOf(ObjectContent content) => HttpBody.Of(content.Body, content.Owner, stall, objects.FailureOf);

    private Task<T> AskAsync<T>(string purpose, Func<CancellationToken, Task<T>> call, CancellationToken ct) =>
        CallAsync(purpose, call, stall, ct);

    private async Task<T> CallAsync<T>(string purpose, Func<CancellationToken, Task<T>> call, TimeSpan limit, CancellationToken ct)
    {
        using var limited = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limited.CancelAfter(limit);
        try
        {
            return await call(limited.Token);
        }
        catch (OperationCanceledException slow) when (!ct.IsCancellationRequested)
        {
            throw new IOException(string.Create(CultureInfo.InvariantCulture, $"{purpose}: no answer in {limit.TotalSeconds:0.#} s"), slow);
        }
        catch (Exception failure) when (failure is not (OperationCanceledException or InvalidDataException or IOException
            or UnauthorizedAccessException or DiagnosticException))
        {
            // SDKs fail with whatever an answer that they did not expect makes them stumble over.
            throw new IOException($"{purpose}: {objects.FailureOf(failure) ?? Plain.FirstLine(failure.Message)}", failure);
        }
    }
}
