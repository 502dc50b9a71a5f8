namespace QuantBuild.Compiler.Torch.Tensors;

/// <summary>Rows of a matrix some at a time: what an operation makes on the way is then small beside the matrix.</summary>
internal static class RowChunks
{
    /// <summary>Elements at once.</summary>
    public const int Elements = 1 << 20;

    /// <summary>The chunks of a matrix.</summary>
    public static IEnumerable<(long First, long Count)> Of(long rows, long columns)
    {
        long atOnce = Math.Max(1, Elements / Math.Max(1, columns));
        for (long first = 0; first < rows; first += atOnce)
            yield return (first, Math.Min(atOnce, rows - first));
    }
}
