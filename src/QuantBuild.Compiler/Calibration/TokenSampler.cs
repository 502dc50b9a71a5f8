namespace QuantBuild.Compiler.Calibration;

/// <summary>Chooses which rows of an activation are kept.</summary>
/// <remarks>
/// A choice depends only on what it is for (seed, sample, step, block), never on the order of execution, so that samples can run in
/// parallel and a single one can be run again.
/// </remarks>
internal static class TokenSampler
{
    /// <summary>Chooses <c>min(count, rows)</c> different rows, ascending: a partial Fisher-Yates shuffle.</summary>
    /// <param name="seed">The manifest's calibration seed.</param>
    /// <param name="sample">Id of the sample.</param>
    /// <param name="timestep">Integer timestep of the step.</param>
    /// <param name="block">Index of the block; all its sites of equal row count keep the same rows.</param>
    /// <param name="rows">Rows to choose from.</param>
    /// <param name="count">Rows wanted.</param>
    public static int[] Choose(ulong seed, int sample, int timestep, int block, int rows, int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(rows);
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ulong stream = Mix(Mix(Mix(Mix(seed) ^ (uint)sample) ^ (uint)timestep) ^ (uint)block);
        int[] order = [.. Enumerable.Range(0, rows)];
        int chosen = Math.Min(count, rows);
        for (int i = 0; i < chosen; i++)
        {
            // The high half of a 64 x 64 product maps a uniform 64-bit number to [0, rows - i) without a modulo's bias towards low values.
            int j = i + (int)Math.BigMul(Mix(stream + (ulong)i), (ulong)(rows - i), out _);
            (order[i], order[j]) = (order[j], order[i]);
        }
        int[] kept = order[..chosen];
        Array.Sort(kept);
        return kept;
    }

    /// <summary>The SplitMix64 finalizer over a Weyl increment: a bijection of 64-bit numbers.</summary>
    private static ulong Mix(ulong x)
    {
        x += 0x9E3779B97F4A7C15;
        x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9;
        x = (x ^ (x >> 27)) * 0x94D049BB133111EB;
        return x ^ (x >> 31);
    }
}
