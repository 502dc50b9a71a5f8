namespace QuantBuild.Compiler.Scheduling;

/// <summary>
/// Memory of large arrays that nobody uses any more. The collector has no reason to hurry, since it knows nothing of the limit: left alone
/// it lets about as much garbage gather as there is in use.
/// </summary>
internal static class LargeArrays
{
    // Below it a collection costs more than it frees, unless the whole budget is small.
    private const long WorthCollecting = 64L << 20;
    private const int Part = 16;

    /// <summary>
    /// Gives memory back to the system after work that declared so much; a few milliseconds, since arrays of numbers are not looked into.
    /// </summary>
    /// <param name="bytes">What it declared.</param>
    /// <param name="budget">The budget that the bytes were taken from.</param>
    public static void Reclaim(long bytes, WorkBudget budget)
    {
        if (bytes > 0 && bytes >= Math.Min(WorthCollecting, budget.Bytes / Part))
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
    }
}
