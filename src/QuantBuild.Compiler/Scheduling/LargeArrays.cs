namespace QuantBuild.Compiler.Scheduling;

/// <summary>
/// Memory of large arrays that nobody uses any more. The collector has no reason to hurry, since it knows nothing of the limit: left alone it lets
/// about as much garbage gather as there is in use.
/// </summary>
internal static class LargeArrays
{
    // Below it a collection costs more than it frees.
    private const long WorthCollecting = 64L << 20;

    /// <summary>Gives memory back to the system after work that declared so much; a few milliseconds, since arrays of numbers are not looked into.</summary>
    public static void Reclaim(long bytes)
    {
        if (bytes >= WorthCollecting)
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
    }
}
