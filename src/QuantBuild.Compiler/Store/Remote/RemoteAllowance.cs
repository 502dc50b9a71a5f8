using System.Globalization;

namespace QuantBuild.Compiler.Store.Remote;

/// <summary>
/// The time that a build loses to a remote store at most. What fails, and what is slower than <see cref="Latency"/> and
/// <see cref="Rate"/>, takes from it; when nothing is left, the remote store is left out.
/// </summary>
/// <param name="total">The time.</param>
/// <param name="time">The clock.</param>
internal sealed class RemoteAllowance(TimeSpan total, TimeProvider time)
{
    /// <summary>What an answer may take before it counts as slow.</summary>
    public static readonly TimeSpan Latency = TimeSpan.FromMilliseconds(100);

    /// <summary>Bytes per second below which a transfer counts as slow.</summary>
    public const double Rate = 1 << 20;

    /// <summary>What a failure costs at least, so that a remote store that refuses at once is not asked thousands of times.</summary>
    public static readonly TimeSpan Failure = TimeSpan.FromSeconds(3);

    /// <summary>What one call may take beyond <see cref="Rate"/>.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private long _lost;

    /// <summary>Whether nothing is left.</summary>
    public bool IsSpent => Left <= TimeSpan.Zero;

    private TimeSpan Left => total - TimeSpan.FromTicks(Interlocked.Read(ref _lost));

    /// <summary>Makes a call; one that does not end in time is left behind.</summary>
    /// <param name="bytes">What it moves.</param>
    /// <param name="call">The call.</param>
    /// <param name="ct">Ends the waiting, without cost.</param>
    /// <exception cref="IOException">It took too long, or nothing is left.</exception>
    public async Task<T> CallAsync<T>(long bytes, Func<CancellationToken, Task<T>> call, CancellationToken ct)
    {
        TimeSpan expected = Latency + TimeSpan.FromSeconds(bytes / Rate), patience = Patience + expected;
        TimeSpan limit = Left < patience ? Left : patience;
        if (limit <= TimeSpan.Zero)
            throw new IOException("it was too slow before");
        long start = time.GetTimestamp();
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(ct);
        CancellationToken token = ended.Token;
        try
        {
            // A file system that hangs neither returns nor listens.
            T result = await Task.Run(() => call(token), token).WaitAsync(limit, time, ct).ConfigureAwait(false);
            Lose(time.GetElapsedTime(start) - expected);
            return result;
        }
        catch (TimeoutException)
        {
            await ended.CancelAsync().ConfigureAwait(false);
            Lose(limit > Failure ? limit : Failure);
            throw new IOException(string.Create(CultureInfo.InvariantCulture, $"no answer in {limit.TotalSeconds:0} s"));
        }
        catch (Exception) when (!ct.IsCancellationRequested)
        {
            TimeSpan lost = time.GetElapsedTime(start);
            Lose(lost > Failure ? lost : Failure);
            throw;
        }
    }

    private void Lose(TimeSpan lost)
    {
        if (lost > TimeSpan.Zero)
            Interlocked.Add(ref _lost, lost.Ticks);
    }
}
