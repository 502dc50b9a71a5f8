using System.Collections.Concurrent;

namespace QuantBuild.Compiler.Store.Remote;

/// <summary>
/// What an operation has learnt of a remote store, over all its tries: which blobs could not be had, and what waiting has cost. A try that
/// begins anew, because a result could not be had after all, finds a miss where the last one found that result.
/// </summary>
/// <param name="time">The clock.</param>
internal sealed class RemoteHistory(TimeProvider time)
{
    /// <summary>The time that an operation loses to a remote store at most, for reading and for writing each.</summary>
    public static readonly TimeSpan Allowance = TimeSpan.FromSeconds(30);

    private readonly ConcurrentDictionary<Digest, bool> _distrusted = new();
    private string? _trouble;

    /// <summary>What reading may cost.</summary>
    public RemoteAllowance Reading { get; } = new(Allowance, time);

    /// <summary>What writing may cost.</summary>
    public RemoteAllowance Writing { get; } = new(Allowance, time);

    /// <summary>The first trouble with the remote store, as it was told; null for none. Results that are damaged there are none.</summary>
    public string? Trouble => Volatile.Read(ref _trouble);

    /// <summary>Remembers trouble.</summary>
    public void Note(string trouble) => Interlocked.CompareExchange(ref _trouble, trouble, null);

    /// <summary>The remote store did not give this blob.</summary>
    public void Distrust(Digest blob) => _distrusted[blob] = true;

    /// <summary>Whether it did not give it: then results with it are misses, and it is written there again.</summary>
    public bool IsDistrusted(Digest blob) => _distrusted.ContainsKey(blob);

    /// <summary>Whether a result has such a blob.</summary>
    public bool IsDistrusted(ActionRecord record) => record.Outputs.Values.Any(blob => IsDistrusted(blob.Digest));
}
