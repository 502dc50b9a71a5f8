using QuantBuild.Compiler.Quantizers;

namespace QuantBuild.Compiler.Evaluation;

/// <summary>How far a method's final latents are from full precision's, over samples and repetitions.</summary>
/// <param name="Error">Relative L2 distance, mean over samples and repetitions.</param>
/// <param name="Spread">
/// Standard deviation between repetitions of the mean over samples; null for one repetition.
/// </param>
/// <param name="Cosine">Cosine similarity, mean likewise.</param>
internal sealed record LatentErrors(double Error, double? Spread, double Cosine)
{
    /// <summary>Full precision's own.</summary>
    public static LatentErrors None { get; } = new(0, null, 1);

    /// <summary>Compares latents.</summary>
    /// <param name="expected">Full precision's, by repetition and sample.</param>
    /// <param name="actual">The method's.</param>
    public static LatentErrors Of(IReadOnlyList<float[][]> expected, IReadOnlyList<float[][]> actual)
    {
        ErrorSums[][] sums = [.. expected.Zip(actual, (full, method) => full.Zip(method, Compare).ToArray())];
        double[] errors = [.. sums.Select(samples => samples.Average(sample => sample.RelativeError))];
        double mean = errors.Average();
        return new LatentErrors(mean, errors.Length > 1
            ? Math.Sqrt(errors.Sum(error => (error - mean) * (error - mean)) / (errors.Length - 1))
            : null, sums.Average(samples => samples.Average(sample => sample.Cosine)));
    }

    private static ErrorSums Compare(float[] expected, float[] actual) => new(FixedSums.SquaredNorm(expected),
        FixedSums.SquaredDistance(expected, actual), FixedSums.Dot(expected, actual), FixedSums.SquaredNorm(actual));
}
