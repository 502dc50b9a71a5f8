using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using QuantBuild.Matrices;

namespace QuantBuild.Kernels;

/// <summary>Normalization of a pixel's channels to unit length, times the square root of their number and a gain.</summary>
/// <remarks>y = x r gain with r = sqrt(n) / max(sqrt(sum x²), 1e-12), the sum as in <see cref="Lanes"/> by fused multiply-adds.</remarks>
internal static unsafe class ChannelNorm
{
    private const float SmallestLength = 1e-12f;

    /// <summary>Normalizes every row.</summary>
    /// <param name="x">Input, [pixels, channels], dense.</param>
    /// <param name="gain">Factor per channel.</param>
    /// <param name="y">Output of the same length; may be x.</param>
    /// <param name="threads">Threads to use; the result does not depend on it.</param>
    public static void Apply(ReadOnlySpan<float> x, ReadOnlySpan<float> gain, Span<float> y, int threads)
    {
        if (x.Length != y.Length || x.Length % gain.Length != 0)
            throw new ArgumentException($"{x.Length} elements with {gain.Length} gains do not normalize into {y.Length}");
        fixed (float* input = x, output = y, gains = gain)
            RowLoop.Run(x.Length / gain.Length, gain.Length, threads, new Work(input, gain.Length, gains, output));
    }

    private readonly struct Work(float* x, int channels, float* gain, float* y) : IRowWork
    {
        public void Run(int from, int to)
        {
            for (int row = from; row < to; row++)
                Row(x + ((nint)row * channels), channels, gain, y + ((nint)row * channels));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void Row(float* x, int channels, float* gain, float* y)
    {
        int whole = channels & ~(Lanes.Count - 1);
        Vector512<float> squares = Vector512<float>.Zero;
        for (int i = 0; i < whole; i += Lanes.Count)
        {
            Vector512<float> value = Vector512.Load(x + i);
            squares = Vector512.FusedMultiplyAdd(value, value, squares);
        }
        if (whole < channels)
        {
            Vector512<float> value = Lanes.LoadTail(new ReadOnlySpan<float>(x + whole, channels - whole), 0);
            squares = Vector512.FusedMultiplyAdd(value, value, squares);
        }
        float scale = MathF.Sqrt(channels) / MathF.Max(MathF.Sqrt(Lanes.Sum(squares)), SmallestLength);

        Vector512<float> scales = Vector512.Create(scale);
        for (int i = 0; i < whole; i += Lanes.Count)
            (Vector512.Load(x + i) * scales * Vector512.Load(gain + i)).Store(y + i);
        for (int i = whole; i < channels; i++)
            y[i] = x[i] * scale * gain[i];
    }
}
