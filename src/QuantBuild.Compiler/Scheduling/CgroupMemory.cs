using System.Globalization;

namespace QuantBuild.Compiler.Scheduling;

/// <summary>What one control group allows and uses.</summary>
/// <param name="Limit">Most bytes.</param>
/// <param name="Used">Bytes in use, without file pages that are given up first.</param>
internal readonly record struct CgroupMemory(long Limit, long Used)
{
    /// <summary>
    /// The limited groups that this process is in, innermost first. A container often sees its own group as the root of the hierarchy and a
    /// path that does not exist below it, so that every level up to the root is looked at.
    /// </summary>
    /// <param name="root">Root of the file system.</param>
    public static IEnumerable<CgroupMemory> Of(string root)
    {
        foreach (string line in Lines(Path.Combine(root, "proc/self/cgroup")))
        {
            // hierarchy:controllers:path, where version 2 has no controllers.
            if (line.Split(':', 3) is not [_, string controllers, string path])
                continue;
            bool unified = controllers.Length == 0;
            if (!unified && !controllers.Split(',').Contains("memory"))
                continue;
            string top = Path.Combine(root, unified ? "sys/fs/cgroup" : "sys/fs/cgroup/memory");
            foreach (string level in Levels(path))
            {
                if (Read(Path.Combine(top, level), unified) is { } group)
                    yield return group;
            }
        }
    }

    private static IEnumerable<string> Levels(string path)
    {
        for (string level = path.Trim('/'); level.Length > 0; level = level.LastIndexOf('/') is > 0 and var cut ? level[..cut] : "")
            yield return level;
        yield return "";
    }

    private static CgroupMemory? Read(string folder, bool unified)
    {
        long? limit = unified
            ? Smaller(Number(Path.Combine(folder, "memory.max")), Number(Path.Combine(folder, "memory.high")))
            : Number(Path.Combine(folder, "memory.limit_in_bytes"));
        if (limit is not { } bytes || Number(Path.Combine(folder, unified ? "memory.current" : "memory.usage_in_bytes")) is not { } used)
            return null;
        long reclaimable = MachineMemory.Fields(Path.Combine(folder, "memory.stat"))
            .GetValueOrDefault(unified ? "inactive_file" : "total_inactive_file");
        return new CgroupMemory(bytes, Math.Max(0, used - reclaimable));
    }

    private static long? Smaller(long? a, long? b) => a is null ? b : b is null ? a : Math.Min(a.Value, b.Value);

    /// <summary>A file's number; null for <c>max</c> and for no file.</summary>
    private static long? Number(string path) =>
        Lines(path).FirstOrDefault() is { } text && long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long value)
        ? value
        : null;

    private static string[] Lines(string path)
    {
        try
        {
            return File.Exists(path) ? File.ReadAllLines(path) : [];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }
}
