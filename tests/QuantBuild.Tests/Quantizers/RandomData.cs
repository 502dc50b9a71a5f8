using QuantBuild.Matrices;

namespace QuantBuild.Tests.Quantizers;

/// <summary>Seeded test matrices.</summary>
internal static class RandomData
{
    public static float[] Normal(int seed, int count, double deviation = 1)
    {
        var random = new Random(seed);
        var values = new float[count];
        for (int i = 0; i < count; i++)
        {
            double radius = Math.Sqrt(-2 * Math.Log(1 - random.NextDouble()));
            values[i] = (float)(deviation * radius * Math.Cos(2 * Math.PI * random.NextDouble()));
        }
        return values;
    }

    /// <summary>Tokens whose channels are correlated and of different size, as activations are.</summary>
    public static float[] Tokens(int seed, int tokens, int channels)
    {
        float[] own = Normal(seed, tokens * channels), shared = Normal(seed + 1, tokens), size = Normal(seed + 2, channels, 0.7);
        for (int i = 0; i < own.Length; i++)
            own[i] = (float)((own[i] + (0.8 * shared[i / channels])) * Math.Exp(size[i % channels]));
        return own;
    }

    /// <summary>X^T X / n in double precision, rounded once.</summary>
    public static float[] Hessian(float[] tokens, int channels)
    {
        int count = tokens.Length / channels;
        var hessian = new float[channels * channels];
        for (int i = 0; i < channels; i++)
        {
            for (int j = 0; j <= i; j++)
            {
                double sum = 0;
                for (int t = 0; t < count; t++)
                    sum += (double)tokens[(t * channels) + i] * tokens[(t * channels) + j];
                hessian[(i * channels) + j] = hessian[(j * channels) + i] = (float)(sum / count);
            }
        }
        return hessian;
    }

    public static MatrixView Matrix(float[] values, int columns) => new(values, values.Length / columns, columns);
}
