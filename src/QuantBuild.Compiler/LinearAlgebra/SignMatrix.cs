namespace QuantBuild.Compiler.LinearAlgebra;

/// <summary>
/// A matrix of reproducible random signs: element (i, j) depends on the seed, i and j alone, never on the order of evaluation.
/// </summary>
/// <remarks>
/// The bits are SplitMix64's (Steele, Lea, Flood 2014) at a position computed from the row and the word of 64 columns.  Random signs
/// find the range of a matrix as well as Gaussian numbers do and need no logarithm.
/// </remarks>
internal static class SignMatrix
{
    private const ulong Step = 0x9E3779B97F4A7C15;

    /// <summary>Fills [rows, columns] row-major with plus and minus one.</summary>
    public static void Fill(Span<float> values, int columns, ulong seed)
    {
        int words = (columns + 63) / 64;
        for (int i = 0; i < values.Length; i++)
        {
            (int row, int column) = (i / columns, i % columns);
            ulong position = ((ulong)row * (ulong)words) + (ulong)(column / 64);
            values[i] = ((Mix(Mix(seed) + (Step * (position + 1))) >> (column % 64)) & 1) == 0 ? 1 : -1;
        }
    }

    private static ulong Mix(ulong z)
    {
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
}
