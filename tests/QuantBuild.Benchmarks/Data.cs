using QuantBuild.Compiler.LinearAlgebra;
using QuantBuild.Matrices;

namespace QuantBuild.Benchmarks;

/// <summary>Data shaped like that of a transformer: a few input channels are much larger than the rest.</summary>
internal static class Data
{
    public static float[] Activations(int tokens, int channels) =>
        Fill(tokens, channels, 1, (channel, random) => 1 + (channel % 97 == 5 ? 20 : random.NextSingle()));

    public static float[] Weight(int outputs, int inputs) =>
        Fill(outputs, inputs, 2, (channel, random) => 0.02f * (channel % 61 == 3 ? 4 : 1 + random.NextSingle()));

    /// <summary>A symmetric matrix that has a Cholesky factor.</summary>
    public static float[] PositiveDefinite(int size)
    {
        float[] x = Activations(2 * size, size), h = new float[size * size];
        Gram.Accumulate(new ReadOnlyMatrixView(x, 2 * size, size), new MatrixView(h, size, size));
        for (int i = 0; i < size; i++)
            h[i * (size + 1)] *= 1.01f;
        return h;
    }

    private static float[] Fill(int rows, int columns, int seed, Func<int, Random, float> spread)
    {
        var random = new Random(seed);
        float[] scale = [.. Enumerable.Range(0, columns).Select(channel => spread(channel, random))];
        // A table of normal numbers, read from changing places: much faster than drawing every one.
        var table = new float[65537];
        for (int i = 0; i < table.Length; i++)
            table[i] = (float)(Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble()));
        var values = new float[(long)rows * columns];
        for (int row = 0; row < rows; row++)
        {
            int at = random.Next(table.Length);
            for (int column = 0; column < columns; column++)
            {
                values[((long)row * columns) + column] = table[at] * scale[column];
                at += 3 + (column & 1);
                at = at >= table.Length ? at - table.Length : at;
            }
        }
        return values;
    }
}
