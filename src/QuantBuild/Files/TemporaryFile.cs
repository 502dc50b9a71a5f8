using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;

namespace QuantBuild.Files;

/// <summary>
/// Names of unfinished files: <c>.&lt;file&gt;.&lt;machine&gt;-&lt;process&gt;-&lt;random&gt;.quantbuild-tmp</c>, beside the file that they
/// become. A process that is killed leaves its own behind: the next one that writes into the folder removes them.
/// </summary>
internal static partial class TemporaryFile
{
    /// <summary>How all unfinished files end.</summary>
    public const string Extension = ".quantbuild-tmp";

    /// <summary>Enough of a name to recognize it; names have at most 255 bytes.</summary>
    private const int LongestStem = 40;

    /// <summary>What was not written to for so long belongs to nobody, whichever machine it is of.</summary>
    private static readonly TimeSpan Abandoned = TimeSpan.FromDays(1);

    /// <summary>Where the numbers of processes mean what they mean here: a machine, and of it a container.</summary>
    internal static readonly string Machine = NameOfMachine();

    private static readonly ConcurrentDictionary<string, bool> Visited = new(StringComparer.Ordinal);

    /// <summary>A new name beside a file. What killed processes left in the folder is removed, once per process.</summary>
    public static string Beside(string path)
    {
        path = Path.GetFullPath(path);
        return In(Path.GetDirectoryName(path)!, Path.GetFileName(path));
    }

    /// <summary>A new name in a folder.</summary>
    /// <param name="folder">The folder; it need not exist.</param>
    /// <param name="what">Name of what is written.</param>
    public static string In(string folder, string what)
    {
        if (Visited.TryAdd(folder, true))
            RemoveAbandoned(folder);
        string stem = what.Length <= LongestStem
            ? what
            : what[..(char.IsHighSurrogate(what[LongestStem - 1]) ? LongestStem - 1 : LongestStem)];
        string random = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8));
        return Path.Combine(folder,
            string.Create(CultureInfo.InvariantCulture, $".{stem}.{Machine}-{Environment.ProcessId}-{random}{Extension}"));
    }

    /// <summary>
    /// Removes what was left behind in a folder: by a process of this machine that is gone, or by any, more than a day ago.
    /// </summary>
    public static void RemoveAbandoned(string folder)
    {
        try
        {
            foreach (FileSystemInfo entry in new DirectoryInfo(folder).EnumerateFileSystemInfos("*" + Extension))
            {
                if (IsAbandoned(entry))
                    Remove(entry);
            }
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // Not there, or not ours to look into: whoever can, cleans.
        }
    }

    private static bool IsAbandoned(FileSystemInfo entry)
    {
        Match form = Form().Match(entry.Name);
        return form.Success && form.Groups["machine"].Value == Machine
            ? !IsAlive(int.Parse(form.Groups["process"].ValueSpan, CultureInfo.InvariantCulture))
            : DateTime.UtcNow - entry.LastWriteTimeUtc > Abandoned;
    }

    /// <summary>Whether a process of this machine runs.</summary>
    internal static bool IsAlive(int process)
    {
        try
        {
            using var running = Process.GetProcessById(process);
            return true;
        }
        catch (ArgumentException)
        {
            return false;
        }
    }

    private static void Remove(FileSystemInfo entry)
    {
        try
        {
            if (entry is DirectoryInfo { LinkTarget: null } folder)
                folder.Delete(recursive: true);
            else
                entry.Delete();
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // Another process is faster, or it is another user's.
        }
    }

    /// <summary>Numbers of processes mean something on one machine, and there in one container.</summary>
    private static string NameOfMachine()
    {
        string? container = OperatingSystem.IsLinux() ? new FileInfo("/proc/self/ns/pid").LinkTarget : null;
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{Environment.MachineName} {container}")).AsSpan(0, 4));
    }

    [GeneratedRegex(@"\.(?<machine>[0-9a-f]{8})-(?<process>[0-9]{1,9})-[0-9a-f]{16}\.quantbuild-tmp\z", RegexOptions.CultureInvariant)]
    private static partial Regex Form();
}
