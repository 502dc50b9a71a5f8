namespace QuantBuild.Matrices;

/// <summary>Splits independent rows over threads; which thread does a row never shows in the result.</summary>
internal static class RowLoop
{
    // Below this many elements a thread costs more than it saves.
    private const int SmallestShare = 16384;

    /// <summary>Runs the work on all rows, on the calling thread alone when the work is small.</summary>
    /// <param name="rows">Number of rows.</param>
    /// <param name="elementsPerRow">Size of a row, for choosing the number of threads.</param>
    /// <param name="threads">Most threads to use.</param>
    /// <param name="work">The work; its pointers must stay pinned until this returns.</param>
    public static void Run<T>(int rows, int elementsPerRow, int threads, T work)
        where T : struct, IRowWork
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(threads, 1);
        int shares = (int)Math.Min(Math.Min(threads, rows), (long)rows * elementsPerRow / SmallestShare);
        if (shares <= 1)
            work.Run(0, rows);
        else
            RunParallel(rows, shares, work);
    }

    private static void RunParallel<T>(int rows, int shares, T work)
        where T : struct, IRowWork =>
        Workers.For(shares, shares, share =>
            work.Run((int)((long)rows * share / shares), (int)((long)rows * (share + 1) / shares)));
}
