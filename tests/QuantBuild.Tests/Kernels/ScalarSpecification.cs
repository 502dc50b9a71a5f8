using QuantBuild.Kernels;

namespace QuantBuild.Tests.Kernels;

/// <summary>The kernels' definitions, one element at a time.</summary>
internal static class ScalarSpecification
{
    public static float[] Random(int seed, int count, float scale = 1)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(_ => (float)((random.NextDouble() + random.NextDouble() - 1) * scale))];
    }

    /// <summary>Sixteen lanes by <paramref name="add"/>, then the tree of <see cref="Lanes"/>.</summary>
    public static float LaneSum(ReadOnlySpan<float> row, Func<float, float, float> add)
    {
        var lanes = new float[16];
        for (int i = 0; i < row.Length; i++)
            lanes[i % 16] = add(lanes[i % 16], row[i]);
        for (int half = 8; half > 0; half /= 2)
        {
            for (int i = 0; i < half; i++)
                lanes[i] += lanes[i + half];
        }
        return lanes[0];
    }

    public static float[] LayerNorm(float[] x, float[]? gain, float[]? bias, float epsilon)
    {
        float mean = LaneSum(x, (sum, value) => sum + value) / x.Length;
        float variance = LaneSum(x, (sum, value) => MathF.FusedMultiplyAdd(value - mean, value - mean, sum)) / x.Length;
        float scale = 1 / MathF.Sqrt(variance + epsilon);
        return [.. x.Select((value, i) => gain is null
            ? (value - mean) * scale
            : MathF.FusedMultiplyAdd((value - mean) * scale, gain[i], bias![i]))];
    }

    public static float[] RmsNorm(float[] x, float[] gain, float epsilon)
    {
        float scale = 1 / MathF.Sqrt((LaneSum(x, (sum, value) => MathF.FusedMultiplyAdd(value, value, sum)) / x.Length) + epsilon);
        return [.. x.Select((value, i) => value * scale * gain[i])];
    }

    public static float Gelu(float x) =>
        x / (1 + DeterministicMath.Exp(x * MathF.FusedMultiplyAdd(x * x, -0.0713548163f, -1.5957691216f)));

    public static float Silu(float x) => x / (1 + DeterministicMath.Exp(-x));

    public static float[] Attention(float[] q, float[] k, float[] v, int heads, int channels)
    {
        (int queries, int keys, int d) = (q.Length / channels, k.Length / channels, channels / heads);
        var output = new float[q.Length];
        for (int head = 0; head < heads; head++)
        {
            for (int n = 0; n < queries; n++)
            {
                var p = new float[keys];
                for (int m = 0; m < keys; m++)
                {
                    for (int c = 0; c < d; c++)
                        p[m] = MathF.FusedMultiplyAdd(q[(n * channels) + (head * d) + c], k[(m * channels) + (head * d) + c], p[m]);
                }
                float max = p.Max();
                p = [.. p.Select(s => DeterministicMath.Exp((s - max) * (1 / MathF.Sqrt(d))))];
                float inverse = 1 / LaneSum(p, (sum, value) => sum + value);
                for (int c = 0; c < d; c++)
                {
                    float o = 0;
                    for (int m = 0; m < keys; m++)
                        o = MathF.FusedMultiplyAdd(p[m], v[(m * channels) + (head * d) + c], o);
                    output[(n * channels) + (head * d) + c] = o * inverse;
                }
            }
        }
        return output;
    }
}
