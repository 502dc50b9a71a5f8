namespace QuantBuild.Kernels;

/// <summary>
/// The sizes of the blocks. None shows in the result: a chain that crosses a block is stored to C and loaded again, exactly.
/// </summary>
/// <param name="Depth">Steps of the depth in a block; long, because every pass over it reads and writes all of C.</param>
/// <param name="Rows">Rows of a block of A, which is to stay in the second level of the cache beside a panel of B.</param>
/// <param name="Columns">Columns of a block of B, which is to stay in the last level.</param>
internal readonly record struct GemmBlockSizes(int Depth, int Rows, int Columns)
{
    /// <summary>Elements of a line of the cache: what room must have over for <see cref="Align"/>.</summary>
    public const int CacheLine = 16;

    // Whole tiles of every kernel, and whole panels that others have packed.
    private const int RowUnit = 12, ColumnUnit = 96;

    /// <summary>For this machine.</summary>
    public static GemmBlockSizes Here { get; } = For(CacheSizes.Here);

    /// <summary>
    /// For caches of given sizes. Of 1 MiB and 32 MiB: 768 x 96 elements (288 KiB) of A and 768 x 1536 (4.5 MiB) of B. A panel of B comes
    /// from the last level once for every block of A, and where that level is slow (a mesh of many cores) and the second large, more rows
    /// of A make that seldom.
    /// </summary>
    public static GemmBlockSizes For(CacheSizes caches)
    {
        const int Depth = 768, LeastRows = 48, MostRows = 192, LeastColumns = 384, MostColumns = 1536;
        long rows = caches.SecondLevel * 9 / 32 / (Depth * sizeof(float)), columns = caches.LastLevel / 7 / (Depth * sizeof(float));
        return new GemmBlockSizes(Depth, (int)Math.Clamp(rows / RowUnit * RowUnit, LeastRows, MostRows),
            (int)Math.Clamp(columns / ColumnUnit * ColumnUnit, LeastColumns, MostColumns));
    }

    /// <summary>Steps of the depth in a block: equal blocks rather than full ones and a remainder.</summary>
    public int DepthOf(int depth) => Divide(depth, Divide(depth, Depth));

    /// <summary>Elements of a packed block of A.</summary>
    public int RoomForA<TKernel>(in GemmProblem problem)
        where TKernel : struct, IGemmKernel =>
        RoundUp(RoundUp(Math.Min(problem.Rows, Rows), TKernel.Rows) * DepthOf(problem.Depth), CacheLine);

    /// <summary>Elements of a packed block of B.</summary>
    public int RoomForB<TKernel>(in GemmProblem problem)
        where TKernel : struct, IGemmKernel =>
        RoundUp(RoundUp(Math.Min(problem.Columns, Columns), TKernel.Columns) * DepthOf(problem.Depth), CacheLine);

    /// <summary>The first line of the cache that begins at or after <paramref name="start"/>.</summary>
    public static unsafe float* Align(float* start) =>
        (float*)(((nint)start + (CacheLine * sizeof(float)) - 1) & -(CacheLine * sizeof(float)));

    private static int RoundUp(int value, int multiple) => Divide(value, multiple) * multiple;

    /// <summary>Rounded up.</summary>
    public static int Divide(int value, int by) => (value + by - 1) / by;
}
