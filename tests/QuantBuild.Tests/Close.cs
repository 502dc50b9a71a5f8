namespace QuantBuild.Tests;

/// <summary>The tolerance of the golden values: max |a - b| at most e * max |b|.</summary>
internal static class Close
{
    public static void Assert(ReadOnlySpan<float> expected, ReadOnlySpan<float> actual, double tolerance) =>
        Xunit.Assert.InRange(Error(expected, actual), 0, tolerance);

    public static double Error(ReadOnlySpan<float> expected, ReadOnlySpan<float> actual)
    {
        Xunit.Assert.Equal(expected.Length, actual.Length);
        (double difference, double largest) = (0, 0);
        for (int i = 0; i < expected.Length; i++)
        {
            double d = Math.Abs((double)expected[i] - actual[i]);
            difference = d <= difference ? difference : d;
            largest = Math.Max(largest, Math.Abs(expected[i]));
        }
        return difference / largest;
    }
}
