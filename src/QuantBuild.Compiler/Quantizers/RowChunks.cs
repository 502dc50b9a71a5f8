namespace QuantBuild.Compiler.Quantizers;

/// <summary>Parallel loops over independent ranges of rows (or columns).</summary>
/// <remarks>Results never depend on who runs which range: ranges share no output, and sums over ranges are taken afterwards, in order.</remarks>
internal static class RowChunks
{
    /// <summary>Calls <paramref name="body"/> with (first, count) for every range of at most <paramref name="size"/> below <paramref name="total"/>.</summary>
    public static void For(int total, int size, int threads, Action<int, int> body)
    {
        int chunks = (total + size - 1) / size;
        if (threads <= 1 || chunks <= 1)
        {
            for (int first = 0; first < total; first += size)
                body(first, Math.Min(size, total - first));
            return;
        }
        Parallel.For(0, chunks, new ParallelOptions { MaxDegreeOfParallelism = threads }, chunk =>
            body(chunk * size, Math.Min(size, total - (chunk * size))));
    }

    /// <summary>The largest range, a multiple of <paramref name="granule"/> and at most <paramref name="most"/>, that gives every thread work.</summary>
    public static int Size(int total, int threads, int granule, int most)
    {
        int share = (total + threads - 1) / threads;
        return Math.Clamp((share + granule - 1) / granule * granule, granule, most);
    }
}
