namespace QuantBuild.Tool.Streams;

/// <summary>
/// Standard output or standard error. What cannot be written is dropped, and the failure remembered: a log that nobody reads any more must
/// not end the work, and reporting a failure must not fail.
/// </summary>
/// <param name="inner">The stream; null when the caller has closed it.</param>
internal sealed class StandardStream(Stream? inner) : WriteOnlyStream
{
    private volatile string? _failure;

    /// <summary>Whether the process was started without it.</summary>
    public bool WasClosed => inner is null;

    /// <summary>Why something was lost; null when nothing was.</summary>
    public string? Failure => _failure;

    /// <inheritdoc/>
    public override void Write(ReadOnlySpan<byte> buffer)
    {
        if (_failure is not null || buffer.IsEmpty)
            return;
        if (inner is null)
        {
            _failure = "it is closed";
            return;
        }
        try
        {
            inner.Write(buffer);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            _failure = failure.Message;
        }
    }
}
