namespace QuantBuild.DeviceTable.Inputs;

/// <summary>Made-up numbers, the same in every process.</summary>
internal static class RandomValues
{
    /// <summary>Normally distributed values.</summary>
    public static float[] Normal(int count, int seed, double deviation = 1)
    {
        var random = new Random(seed);
        var values = new float[count];
        for (int i = 0; i < count; i++)
            values[i] = (float)(deviation * Math.Sqrt(-2 * Math.Log(1 - random.NextDouble()))
                * Math.Cos(2 * Math.PI * random.NextDouble()));
        return values;
    }

    /// <summary>Positive values around 1.</summary>
    public static float[] Positive(int count, int seed) => [.. Normal(count, seed, 0.3).Select(MathF.Exp)];
}
