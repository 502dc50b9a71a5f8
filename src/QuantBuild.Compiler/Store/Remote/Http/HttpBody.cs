using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace QuantBuild.Compiler.Store.Remote.Http;

/// <summary>
/// The body of an answer. It owns the answer, and a server that stalls, or sends less than it said, is an <see cref="IOException"/>.
/// </summary>
internal sealed class HttpBody : Stream
{
    private readonly IDisposable _response;
    private readonly Stream _body;
    private readonly TimeSpan _stall;
    private readonly Func<Exception, string?> _words;

    private HttpBody(Stream body, IDisposable response, TimeSpan stall, Func<Exception, string?> words) =>
        (_response, _body, _stall, _words) = (response, body, stall, words);

    /// <summary>The body of an answer whose headers have arrived.</summary>
    public static async Task<HttpBody> OpenAsync(HttpResponseMessage response, HttpLimits limits, CancellationToken ct) =>
        new(await response.Content.ReadAsStreamAsync(ct), response, limits.Stall,
            failure => failure is HttpRequestException ? failure.Message : null);

    /// <summary>The body of an answer that a library received.</summary>
    /// <param name="body">The bytes.</param>
    /// <param name="response">The answer; disposed with the body.</param>
    /// <param name="stall">Without a byte for so long the body is given up.</param>
    /// <param name="words">Puts a failure of the library into words; null for one that is none.</param>
    public static HttpBody Of(Stream body, IDisposable response, TimeSpan stall, Func<Exception, string?> words) =>
        new(body, response, stall, words);

    /// <inheritdoc/>
    public override bool CanRead => true;

    /// <inheritdoc/>
    public override bool CanSeek => false;

    /// <inheritdoc/>
    public override bool CanWrite => false;

    /// <inheritdoc/>
    public override long Length => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    /// <inheritdoc/>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        using var limited = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limited.CancelAfter(_stall);
        try
        {
            return await _body.ReadAsync(buffer, limited.Token);
        }
        catch (OperationCanceledException stalled) when (!cancellationToken.IsCancellationRequested)
        {
            throw new IOException(string.Create(CultureInfo.InvariantCulture, $"nothing arrived for {_stall.TotalSeconds:0.#} s"), stalled);
        }
        catch (Exception failure) when (failure is not (IOException or OperationCanceledException) && _words(failure) is { } words)
        {
            throw new IOException(words, failure);
        }
    }

    /// <inheritdoc/>
    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    /// <inheritdoc/>
    [SuppressMessage("Reliability", "CA2012:Use ValueTasks correctly", Justification = "It is turned into a task at once.")]
    public override int Read(byte[] buffer, int offset, int count) =>
        ReadAsync(buffer.AsMemory(offset, count)).AsTask().GetAwaiter().GetResult();

    /// <inheritdoc/>
    public override void Flush()
    {
    }

    /// <inheritdoc/>
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void SetLength(long value) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _body.Dispose();
            _response.Dispose();
        }
        base.Dispose(disposing);
    }
}
