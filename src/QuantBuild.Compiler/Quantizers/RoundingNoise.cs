using QuantBuild.Matrices;

namespace QuantBuild.Compiler.Quantizers;

/// <summary>
/// A model of the rounding of a layer's input (Bussgang's decomposition): <c>q = G u + noise</c>, with a gain per channel and noise that is
/// not correlated with u, nor between channels.
/// </summary>
/// <remarks>
/// <para><c>g_i = E[u_i q_i] / E[u_i²]</c> and <c>nu_i = E[q_i²] - g_i E[u_i q_i]</c>, which is never negative but for rounding. Then
/// <c>E[u q^T] = U G</c> and <c>E[q q^T] = G U G + N</c> with <c>U = E[u u^T]</c>, N diagonal: what a layer loses by its rounded input
/// follows from one matrix and two vectors, which a few thousand tokens determine well; the cross moments themselves they do not.</para>
/// <para>Without rounding, G = 1 and N = 0. A dead channel (zero in every token) has gain 1.</para>
/// </remarks>
/// <param name="Second">U, [in, in], row-major, symmetric.</param>
/// <param name="Gain">g, [in].</param>
/// <param name="Variance">nu, [in].</param>
internal sealed record RoundingNoise(float[] Second, float[] Gain, float[] Variance)
{
    private const int RowsAtOnce = 32;

    // A gain far from 1 belongs to a channel that is nearly always rounded to 0: dividing by it would blow up its weight.
    private const double LeastGain = 0.5;
    private const double MostGain = 2;

    /// <summary>Input channels.</summary>
    public int Channels => Gain.Length;

    /// <summary>Mean over the channels of the noise, as seen at the input: <c>nu_i / g_i²</c>. The unit of the ridge.</summary>
    public double Mean
    {
        get
        {
            double sum = 0;
            for (int i = 0; i < Channels; i++)
                sum += Variance[i] / ((double)Gain[i] * Gain[i]);
            return sum / Math.Max(1, Channels);
        }
    }

    /// <summary>Mean of U's diagonal.</summary>
    public double MeanInput
    {
        get
        {
            double sum = 0;
            for (int i = 0; i < Channels; i++)
                sum += Second[(i * Channels) + i];
            return sum / Math.Max(1, Channels);
        }
    }

    /// <summary>Whether there is no noise and every gain is 1.</summary>
    public bool IsNone => Array.TrueForAll(Variance, value => value == 0) && Array.TrueForAll(Gain, value => value == 1);

    /// <summary>1 / g, [in].</summary>
    public float[] Inverse => [.. Gain.Select(gain => 1 / gain)];

    /// <summary>nu / g, [in]: how strongly the loss pulls a channel towards zero.</summary>
    public float[] Pull => [.. Variance.Zip(Gain, (variance, gain) => variance / gain)];

    /// <summary>Adds to the diagonal of U: as if every channel had so much more input, rounded without noise.</summary>
    /// <param name="ridge">How much.</param>
    public void AddRidge(double ridge)
    {
        for (int i = 0; i < Channels; i++)
            Second[(i * Channels) + i] = (float)(Second[(i * Channels) + i] + ridge);
    }

    /// <summary><c>H = G U G + N</c>, [in, in]: each element <c>(g_i g_j) u_ij</c>, on the diagonal plus nu_i.</summary>
    /// <param name="threads">Threads to use; the result does not depend on it.</param>
    public float[] Hessian(int threads) => Into([.. Second], threads);

    /// <summary><c>H = G U G + N</c> in the place of U, which is lost.</summary>
    /// <param name="threads">Threads to use; the result does not depend on it.</param>
    public float[] IntoHessian(int threads) => Into(Second, threads);

    private float[] Into(float[] matrix, int threads)
    {
        int channels = Channels;
        Workers.ForRanges(channels, RowsAtOnce, threads, (first, count) =>
        {
            for (int row = first; row < first + count; row++)
            {
                Span<float> values = matrix.AsSpan(row * channels, channels);
                for (int i = 0; i < values.Length; i++)
                    values[i] *= Gain[row] * Gain[i];
                values[row] += Variance[row];
            }
        });
        return matrix;
    }

    /// <summary>From sums over tokens.</summary>
    /// <param name="second">U.</param>
    /// <param name="input">Sum of u².</param>
    /// <param name="cross">Sum of u q.</param>
    /// <param name="rounded">Sum of q².</param>
    /// <param name="tokens">How many.</param>
    public static RoundingNoise Of(float[] second, double[] input, double[] cross, double[] rounded, long tokens)
    {
        var gain = new float[input.Length];
        var variance = new float[input.Length];
        for (int i = 0; i < gain.Length; i++)
        {
            double g = input[i] > 0 ? Math.Clamp(cross[i] / input[i], LeastGain, MostGain) : 1;
            gain[i] = (float)g;
            // With a gain that was clamped this is still E[(q - g u)²].
            variance[i] = (float)(Math.Max(0, rounded[i] - (2 * g * cross[i]) + (g * g * input[i])) / Math.Max(1, tokens));
        }
        return new RoundingNoise(second, gain, variance);
    }
}
