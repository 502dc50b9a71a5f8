using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using QuantBuild.Matrices;

namespace QuantBuild.Kernels;

/// <summary>Activation functions, element by element.</summary>
internal static unsafe class Activations
{
    // tanh(u) = 1 - 2 / (1 + e^(2u)) turns gelu(x) = x (1 + tanh u) / 2 into x / (1 + e^(-2u)), u = sqrt(2 / pi) (x + 0.044715 x³).
    private const float GeluLinear = -1.5957691216f;
    private const float GeluCubic = -0.0713548163f;

    // Elements worked on together: their exponentials stay in the first-level cache.
    private const int Chunk = 1024;

    /// <summary>The GELU in its tanh form: y = x / (1 + e^z), z = x fma(x², c3, c1).</summary>
    /// <param name="x">Input.</param>
    /// <param name="y">Output of the same length; may be x.</param>
    /// <param name="threads">Threads to use; the result does not depend on it.</param>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public static void GeluTanh(ReadOnlySpan<float> x, Span<float> y, int threads = 1) => Apply(x, y, gelu: true, threads);

    /// <summary>The sigmoid linear unit: y = x / (1 + e^-x).</summary>
    /// <param name="x">Input.</param>
    /// <param name="y">Output of the same length; may be x.</param>
    /// <param name="threads">Threads to use; the result does not depend on it.</param>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public static void Silu(ReadOnlySpan<float> x, Span<float> y, int threads = 1) => Apply(x, y, gelu: false, threads);

    private static void Apply(ReadOnlySpan<float> x, Span<float> y, bool gelu, int threads)
    {
        if (x.Length != y.Length)
            throw new ArgumentException($"{x.Length} elements do not activate into {y.Length}");
        fixed (float* input = x, output = y)
            RowLoop.Run(((x.Length - 1) / Chunk) + 1, Chunk, threads, new Work(input, output, x.Length, gelu));
    }

    private readonly struct Work(float* x, float* y, int length, bool gelu) : IRowWork
    {
        public void Run(int from, int to)
        {
            Span<float> z = stackalloc float[Chunk];
            for (int chunk = from; chunk < to; chunk++)
            {
                int start = chunk * Chunk;
                int count = Math.Min(Chunk, length - start);
                if (gelu)
                    GeluExponents(x + start, z[..count]);
                else
                    SiluExponents(x + start, z[..count]);
                DeterministicMath.Exp(z[..count], z[..count]);
                DivideByOnePlus(x + start, z[..count], y + start);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void GeluExponents(float* x, Span<float> z)
    {
        int i = 0;
        for (; i <= z.Length - Lanes.Count; i += Lanes.Count)
        {
            Vector512<float> value = Vector512.Load(x + i);
            (value * Vector512.FusedMultiplyAdd(value * value, Vector512.Create(GeluCubic), Vector512.Create(GeluLinear))).CopyTo(z[i..]);
        }
        for (; i < z.Length; i++)
            z[i] = x[i] * MathF.FusedMultiplyAdd(x[i] * x[i], GeluCubic, GeluLinear);
    }

    private static void SiluExponents(float* x, Span<float> z)
    {
        for (int i = 0; i < z.Length; i++)
            z[i] = -x[i];
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void DivideByOnePlus(float* x, ReadOnlySpan<float> e, float* y)
    {
        int i = 0;
        for (; i <= e.Length - Lanes.Count; i += Lanes.Count)
            (Vector512.Load(x + i) / (Vector512<float>.One + Vector512.Create(e[i..]))).Store(y + i);
        for (; i < e.Length; i++)
            y[i] = x[i] / (1 + e[i]);
    }
}
