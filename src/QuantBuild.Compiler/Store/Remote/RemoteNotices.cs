using QuantBuild.Compiler.Diagnostics;

namespace QuantBuild.Compiler.Store.Remote;

/// <summary>What a build says about its remote store: each trouble once, and of unusable results the first few.</summary>
/// <param name="remote">The store's name.</param>
/// <param name="history">Remembers trouble.</param>
/// <param name="notice">Is told.</param>
internal sealed class RemoteNotices(string remote, RemoteHistory history, Action<Diagnostic> notice)
{
    private const int Most = 3;
    private int _unusable;
    private int _failed;
    private int _spent;

    /// <summary>The store failed; it is asked again, until the allowance is spent.</summary>
    public void Failed(Exception failure, bool spent)
    {
        if (spent && Interlocked.Exchange(ref _spent, 1) == 0)
            Tell(Descriptors.RemoteLeftOut.At(null, remote, failure.Message));
        else if (!spent && Interlocked.Exchange(ref _failed, 1) == 0)
            Tell(Descriptors.RemoteFailed.At(null, remote, failure.Message));
    }

    /// <summary>A result of the store cannot be used.</summary>
    public void Unusable(ActionRecord record, string reason)
    {
        if (Interlocked.Increment(ref _unusable) <= Most)
            notice(Descriptors.RemoteResultUnusable.At(null, remote, $"{record.Stage} {record.Key.Short}", reason));
    }

    /// <summary>Says what was left unsaid.</summary>
    /// <param name="notWritten">Results that did not reach the store.</param>
    public void Close(int notWritten)
    {
        if (_unusable > Most)
            notice(Descriptors.RemoteResultsUnusable.At(null, remote, _unusable - Most));
        if (notWritten > 0)
            Tell(Descriptors.RemoteIncomplete.At(null, remote, notWritten));
    }

    private void Tell(Diagnostic trouble)
    {
        history.Note(trouble.Message);
        notice(trouble);
    }
}
