using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Store;

namespace QuantBuild.Compiler.Health;

/// <summary>Space where the store is.</summary>
internal static class DiskCheck
{
    private const long Least = 100L << 20;
    private const long Small = 20L << 30;

    public static MachineCheck Of(string store)
    {
        string folder = Path.GetFullPath(store);
        while (!Directory.Exists(folder) && Path.GetDirectoryName(folder) is { } parent)
            folder = parent;
        try
        {
            return Judge(new DriveInfo(folder).AvailableFreeSpace, folder);
        }
        catch (Exception failure) when (StoreErrors.IsFileSystem(failure) || failure is ArgumentException)
        {
            return new MachineCheck("disk", CheckState.Note, failure.Message, "How much space the store has cannot be told.");
        }
    }

    /// <summary>Judges free bytes.</summary>
    internal static MachineCheck Judge(long free, string folder)
    {
        string finding = $"{ByteText.Of(free)} free for {folder}";
        return free < Least
            ? new MachineCheck("disk", CheckState.Problem, finding,
                "Builds will fail for lack of space (QB4002): free some, or move the store with QUANTBUILD_CACHE.")
            : free < Small
            ? new MachineCheck("disk", CheckState.Note, finding,
                "Enough for small models. Recordings of a 14B model take 100 GB and more; `quantbuild plan` says how much a model "
                    + "needs, `quantbuild cache prune` makes room.")
            : new MachineCheck("disk", CheckState.Good, finding, "`quantbuild plan` says how much a model needs.");
    }
}
