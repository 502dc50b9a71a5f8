using System.Diagnostics;
using System.Globalization;
using QuantBuild.Compiler.Diagnostics;

namespace QuantBuild.Compiler.Store;

/// <summary>Says for whom and for what a process waits, when that takes long: after some seconds, and then ever more rarely.</summary>
/// <param name="what">What is waited for.</param>
/// <param name="path">The file whose lock it is.</param>
/// <param name="layout">The store, whose users may hold it.</param>
/// <param name="notice">Called once the wait is long; null for nobody.</param>
internal sealed class StoreWait(string what, string path, StoreLayout layout, Action<Diagnostic>? notice)
{
    private const int Growth = 6;

    private readonly long _start = Stopwatch.GetTimestamp();
    private TimeSpan _next = FirstNotice;

    /// <summary>How long a process waits before it says so.</summary>
    internal static TimeSpan FirstNotice { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Called while the wait goes on.</summary>
    public void Tick()
    {
        TimeSpan waited = Stopwatch.GetElapsedTime(_start);
        if (notice is null || waited < _next)
            return;
        _next *= Growth;
        notice(Descriptors.StoreWaiting.At(null, waited.TotalSeconds.ToString("F0", CultureInfo.InvariantCulture), what, Holders()));
    }

    private string Holders()
    {
        IReadOnlyList<StoreUser> users = StoreUser.Others(layout);
        IReadOnlyList<int> holders = FileLocks.HoldersOf(path);
        string[] known = [.. holders.Where(holder => holder != Environment.ProcessId)
            .Select(holder => users.FirstOrDefault(user => user.Process == holder && user.Host == Environment.MachineName)?.ToString()
                ?? string.Create(CultureInfo.InvariantCulture,
                    $"process {holder} on {Environment.MachineName}{(FileLocks.IsStopped(holder) ? ", which is stopped" : "")}"))];
        if (known.Length > 0)
            return string.Join("; ", known);
        if (holders.Count > 0)
            return "another thread of this process";
        return users.Count > 0 ? "one of: " + string.Join("; ", users) : "a process that is not known";
    }
}
