using System.Globalization;

namespace QuantBuild.Compiler.Scheduling;

/// <summary>Memory that this process can have, as the machine and its control groups (containers, systemd units, CI jobs) allow.</summary>
/// <param name="Total">The most there could ever be, in bytes.</param>
/// <param name="Available">What is free now, counting caches that the system gives up on demand, in bytes.</param>
internal readonly record struct MachineMemory(long Total, long Available)
{
    /// <summary>What holds now.</summary>
    public static MachineMemory Read() => OperatingSystem.IsLinux() ? ReadLinux("/") : ReadRuntime();

    /// <summary>The same from Linux's files below a root; what a file does not say is not limited by it.</summary>
    internal static MachineMemory ReadLinux(string root)
    {
        Dictionary<string, long> system = Fields(Path.Combine(root, "proc/meminfo"), unit: 1024);
        if (!system.TryGetValue("MemTotal", out long total) || !system.TryGetValue("MemAvailable", out long available))
            return ReadRuntime();
        foreach (CgroupMemory group in CgroupMemory.Of(root))
        {
            total = Math.Min(total, group.Limit);
            available = Math.Min(available, group.Limit - group.Used);
        }
        return new MachineMemory(total, Math.Clamp(available, 0, total));
    }

    /// <summary>
    /// Numbers by name from lines such as <c>MemTotal: 24614980 kB</c> or <c>inactive_file 4096</c>; empty without the file.
    /// </summary>
    internal static Dictionary<string, long> Fields(string path, int unit = 1)
    {
        var fields = new Dictionary<string, long>(StringComparer.Ordinal);
        try
        {
            foreach (string line in File.ReadLines(path))
            {
                if (line.Split([' ', ':', '\t'], StringSplitOptions.RemoveEmptyEntries) is [string name, string number, ..]
                    && long.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out long value))
                    fields[name] = value * unit;
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            fields.Clear();
        }
        return fields;
    }

    private static MachineMemory ReadRuntime()
    {
        GCMemoryInfo info = GC.GetGCMemoryInfo(GCKind.Any);
        return new MachineMemory(info.TotalAvailableMemoryBytes, Math.Max(0, info.TotalAvailableMemoryBytes - info.MemoryLoadBytes));
    }
}
