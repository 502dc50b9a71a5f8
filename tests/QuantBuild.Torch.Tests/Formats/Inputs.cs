namespace QuantBuild.Torch.Tests.Formats;

/// <summary>Made-up activations.</summary>
internal static class Inputs
{
    /// <summary>
    /// Normal values of many sizes, with blocks of zeros, exact midpoints, infinities, NaNs, subnormals, and the largest and least floats.
    /// </summary>
    public static float[] Adversarial(int rows, int columns, Random random)
    {
        float[] special = [0, -0f, 0.25f, 0.75f, 1.25f, -1.75f, 2.5f, 3.5f, -5, 6, 7, float.Epsilon, -1e-40f, 1e-38f, 3e38f, float.MaxValue,
            float.PositiveInfinity, float.NegativeInfinity, float.NaN];
        var x = new float[rows * columns];
        for (int row = 0; row < rows; row++)
        {
            // As in the least exponents, and in those of ordinary activations.
            double size = Math.Pow(2, random.Next(row % 4 == 0 ? -140 : -20, row % 4 == 0 ? 120 : 12));
            for (int column = 0; column < columns; column++)
                x[(row * columns) + column] = (row % 8, random.Next(40)) switch
                {
                    (7, _) => 0,
                    (6, _) => special[random.Next(11)] * (float)Math.Pow(2, random.Next(-3, 3)),
                    (_, 0) => special[random.Next(special.Length)],
                    _ => (float)(Normal(random) * size),
                };
        }
        return x;
    }

    /// <summary>Normally distributed values.</summary>
    public static float[] Normal(int count, Random random) => [.. Enumerable.Range(0, count).Select(_ => (float)Normal(random))];

    private static double Normal(Random random) =>
        Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
}
