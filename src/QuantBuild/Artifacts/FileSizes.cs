namespace QuantBuild.Artifacts;

/// <summary>Bounds of sizes that a file states about others, so that sums of them are numbers and not overflows.</summary>
internal static class FileSizes
{
    /// <summary>Bytes that one file may claim to have: 256 TiB, more than file systems hold in one.</summary>
    public const long Largest = 1L << 48;

    /// <summary>Whether all sizes are possible and their sum is a number.</summary>
    public static bool AreSummable(IEnumerable<long> sizes)
    {
        long sum = 0;
        foreach (long size in sizes)
        {
            if (size is < 0 or > Largest || sum > long.MaxValue - size)
                return false;
            sum += size;
        }
        return true;
    }
}
