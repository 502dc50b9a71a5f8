namespace QuantBuild.Torch.Tests;

/// <summary>Distances of results.</summary>
internal static class Errors
{
    /// <summary>||a - b|| / ||a||.</summary>
    public static double Relative(ReadOnlySpan<float> expected, ReadOnlySpan<float> actual)
    {
        Assert.Equal(expected.Length, actual.Length);
        (double difference, double norm) = (0, 0);
        for (int i = 0; i < expected.Length; i++)
        {
            difference += Math.Pow((double)expected[i] - actual[i], 2);
            norm += Math.Pow(expected[i], 2);
        }
        return Math.Sqrt(difference / norm);
    }
}
