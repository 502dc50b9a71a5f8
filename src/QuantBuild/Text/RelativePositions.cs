using QuantBuild.Kernels;

namespace QuantBuild.Text;

/// <summary>T5's classes of relative positions: the sign and small distances exactly, larger distances on a logarithmic scale.</summary>
internal static class RelativePositions
{
    /// <summary>The class of a key <paramref name="delta"/> tokens after its query.</summary>
    public static int Bucket(int delta, int buckets, int maxDistance)
    {
        int half = buckets / 2, exact = half / 2;
        int sign = delta > 0 ? half : 0;
        int distance = Math.Abs(delta);
        if (distance < exact)
            return sign + distance;
        // In float32, as the original: where the result is close to a whole number, its rounding decides the class.
        float position = (float)DeterministicMath.Log((float)distance / exact) / (float)DeterministicMath.Log((double)maxDistance / exact)
            * (half - exact);
        return sign + Math.Min(exact + (int)position, half - 1);
    }

    /// <summary>The scores that attention adds, [heads, tokens, tokens]: query after query.</summary>
    /// <param name="embedding">Score of every class and head, [buckets, heads].</param>
    /// <param name="tokens">Number of tokens.</param>
    /// <param name="config">The encoder.</param>
    public static float[] Bias(ReadOnlySpan<float> embedding, int tokens, TextEncoderConfig config)
    {
        int heads = config.NumHeads;
        var bias = new float[checked(heads * tokens * tokens)];
        for (int delta = 1 - tokens; delta < tokens; delta++)
        {
            ReadOnlySpan<float> scores = embedding.Slice(Bucket(delta, config.Buckets, config.MaxDistance) * heads, heads);
            for (int head = 0; head < heads; head++)
            {
                Span<float> table = bias.AsSpan(head * tokens * tokens, tokens * tokens);
                for (int query = Math.Max(0, -delta); query < Math.Min(tokens, tokens - delta); query++)
                    table[(query * tokens) + query + delta] = scores[head];
            }
        }
        return bias;
    }
}
