using System.Globalization;
using System.Text.Json;
using QuantBuild.Files;

namespace QuantBuild.Compiler.Store;

/// <summary>A process that uses a store, as it describes itself to those who wait for it.</summary>
/// <param name="Process">Its number.</param>
/// <param name="Host">The machine it runs on.</param>
/// <param name="Command">Its command line, cut.</param>
/// <param name="Since">When it opened the store.</param>
/// <param name="Machine">
/// Where its number means something (<see cref="TemporaryFile.Machine"/>); null from versions that did not say.
/// </param>
internal sealed record StoreUser(int Process, string Host, string Command, DateTimeOffset Since, string? Machine = null)
{
    private const int LongestCommand = 160;

    /// <summary>How often a process says that it lives; who has not for a day is gone, whichever machine it ran on.</summary>
    public static TimeSpan Pulse { get; set; } = TimeSpan.FromMinutes(10);

    private static readonly TimeSpan Silence = TimeSpan.FromDays(1);

    /// <summary>This process, now.</summary>
    public static StoreUser OfProcess() =>
        new(Environment.ProcessId, Environment.MachineName, Cut(Environment.CommandLine), TimeProvider.System.GetLocalNow(),
            TemporaryFile.Machine);

    /// <summary>Writes it. A waiting process that finds none says less, so failing is no reason to stop.</summary>
    /// <param name="path">In <see cref="StoreLayout.Users"/>, named like the session's file.</param>
    public void Write(string path)
    {
        try
        {
            File.WriteAllBytes(path, JsonSerializer.SerializeToUtf8Bytes(this));
        }
        catch (Exception failure) when (StoreErrors.IsFileSystem(failure))
        {
            // See above.
        }
    }

    /// <summary>Says that it lives.</summary>
    /// <param name="path">Its file.</param>
    public static void Beat(string path)
    {
        try
        {
            File.SetLastWriteTimeUtc(path, DateTime.UtcNow);
        }
        catch (Exception failure) when (StoreErrors.IsFileSystem(failure))
        {
            // Another machine may take it for dead then, and what it is writing is made again.
        }
    }

    /// <summary>
    /// Whether a process lives of which no lock can tell, because the file system keeps locks to a machine, or keeps none: one of another
    /// machine that has said so within a day, or one of this machine where locks do not hold.
    /// </summary>
    /// <param name="path">Its file.</param>
    /// <param name="locksHold">Whether locks hold between processes of this machine.</param>
    public static bool LivesUnlocked(string path, Func<bool> locksHold)
    {
        try
        {
            return Read(path) is { Machine: { } machine } user && DateTime.UtcNow - File.GetLastWriteTimeUtc(path) < Silence
                && (machine != TemporaryFile.Machine || (TemporaryFile.IsAlive(user.Process) && !locksHold()));
        }
        catch (Exception failure) when (StoreErrors.IsFileSystem(failure))
        {
            return false;
        }
    }

    /// <summary>The users of a store whose sessions live, but for this process.</summary>
    public static IReadOnlyList<StoreUser> Others(StoreLayout layout)
    {
        try
        {
            return [.. Directory.EnumerateFiles(layout.Users)
                .Where(path => File.Exists(Path.Combine(layout.Sessions, Path.GetFileName(path))))
                .Select(Read).OfType<StoreUser>()
                .Where(user => user.Process != Environment.ProcessId || user.Host != Environment.MachineName)
                .OrderBy(user => user.Since)];
        }
        catch (Exception failure) when (StoreErrors.IsFileSystem(failure))
        {
            return [];
        }
    }

    /// <summary>For messages.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture,
        $"process {Process} on {Host} ({Command}), running since "
            + $"{Since:HH:mm:ss}{(Host == Environment.MachineName && FileLocks.IsStopped(Process) ? ", which is stopped" : "")}");

    private static StoreUser? Read(string path)
    {
        try
        {
            return AtomicFile.TryRead(path) is { } json
                && JsonSerializer.Deserialize<StoreUser>(json) is { Host: not null, Command: not null } user
                ? user with { Host = Cut(user.Host), Command = Cut(user.Command) } : null;
        }
        catch (Exception failure) when (failure is JsonException || StoreErrors.IsFileSystem(failure))
        {
            return null;
        }
    }

    private static string Cut(string text)
    {
        string plain = string.Concat(text.Select(c => char.IsControl(c) ? ' ' : c));
        return plain.Length <= LongestCommand ? plain : plain[..LongestCommand] + "…";
    }
}
