namespace QuantBuild.Compiler.Hub;

/// <summary>Ends a try over whose connection nothing moves any more.</summary>
internal sealed class StallWatch(TimeSpan limit)
{
    private volatile CancellationTokenSource? _current;

    /// <summary>Begins a try.</summary>
    public CancellationTokenSource Begin(CancellationToken ct)
    {
        var source = CancellationTokenSource.CreateLinkedTokenSource(ct);
        source.CancelAfter(limit);
        return _current = source;
    }

    /// <summary>Reads what has arrived of a body.</summary>
    /// <exception cref="TimeoutException">Nothing arrives any more.</exception>
    public async Task<int> ReadAsync(Stream body, Memory<byte> chunk, CancellationToken ct)
    {
        using CancellationTokenSource limited = Begin(ct);
        try
        {
            return await body.ReadAsync(chunk, limited.Token);
        }
        catch (OperationCanceledException failure) when (!ct.IsCancellationRequested)
        {
            throw new TimeoutException("nothing moved any more", failure);
        }
    }

    /// <summary>Bytes have moved.</summary>
    public void Moved()
    {
        try
        {
            _current?.CancelAfter(limit);
        }
        catch (ObjectDisposedException)
        {
            // The try is over; a last report of progress came late.
        }
    }
}
