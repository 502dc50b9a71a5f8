namespace QuantBuild.Kernels;

/// <summary>
/// The sizes of the blocks. None shows in the result: a chain that crosses a block is stored to C and loaded again, exactly.
/// </summary>
internal static unsafe class GemmBlockSizes
{
    // Depth x rows x 4 bytes is 288 KiB, depth x columns x 4 bytes 4.5 MiB.  The depth is long because every pass over it reads and
    // writes all of C.
    public const int Depth = 768;
    public const int Rows = 96;
    public const int Columns = 1536;

    /// <summary>Elements of a line of the cache: what room must have over for <see cref="Align"/>.</summary>
    public const int CacheLine = 16;

    /// <summary>Steps of the depth in a block: equal blocks rather than full ones and a remainder.</summary>
    public static int DepthOf(in GemmProblem problem) => Divide(problem.Depth, Divide(problem.Depth, Depth));

    /// <summary>Elements of a packed block of A.</summary>
    public static int RoomForA<TKernel>(in GemmProblem problem)
        where TKernel : struct, IGemmKernel => RoundUp(RoundUp(Math.Min(problem.Rows, Rows), TKernel.Rows) * DepthOf(problem), CacheLine);

    /// <summary>Elements of a packed block of B.</summary>
    public static int RoomForB<TKernel>(in GemmProblem problem)
        where TKernel : struct, IGemmKernel =>
        RoundUp(RoundUp(Math.Min(problem.Columns, Columns), TKernel.Columns) * DepthOf(problem), CacheLine);

    /// <summary>The first line of the cache that begins at or after <paramref name="start"/>.</summary>
    public static float* Align(float* start) => (float*)(((nint)start + (CacheLine * sizeof(float)) - 1) & -(CacheLine * sizeof(float)));

    private static int RoundUp(int value, int multiple) => Divide(value, multiple) * multiple;

    /// <summary>Rounded up.</summary>
    public static int Divide(int value, int by) => (value + by - 1) / by;
}
