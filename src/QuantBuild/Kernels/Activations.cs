using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace QuantBuild.Kernels;

/// <summary>Activation functions, element by element.</summary>
public static unsafe class Activations
{
    // tanh(u) = 1 - 2 / (1 + e^(2u)) turns gelu(x) = x (1 + tanh u) / 2 into x / (1 + e^(-2u)), u = sqrt(2 / pi) (x + 0.044715 x³).
    private const float GeluLinear = -1.5957691216f;
    private const float GeluCubic = -0.0713548163f;

    /// <summary>The GELU in its tanh form: y = x / (1 + e^z), z = x fma(x², c3, c1).</summary>
    /// <param name="x">Input.</param>
    /// <param name="y">Output of the same length; may be x.</param>
    /// <param name="threads">Threads to use; the result does not depend on it.</param>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public static void GeluTanh(ReadOnlySpan<float> x, Span<float> y, int threads = 1) => Apply(x, y, gelu: true, threads);

    /// <summary>The sigmoid linear unit: y = x / (1 + e^-x).</summary>
    /// <param name="x">Input.</param>
    /// <param name="y">Output of the same length; may be x.</param>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public static void Silu(ReadOnlySpan<float> x, Span<float> y) => Apply(x, y, gelu: false, threads: 1);

    private static void Apply(ReadOnlySpan<float> x, Span<float> y, bool gelu, int threads)
    {
        if (x.Length != y.Length)
            throw new ArgumentException($"{x.Length} elements do not activate into {y.Length}");
        int rows = x.Length / Lanes.Count;
        fixed (float* input = x, output = y)
            RowLoop.Run(rows, Lanes.Count, threads, new Work(input, output, gelu));
        if (rows * Lanes.Count < x.Length)
        {
            Vector512<float> tail = Lanes.LoadTail(x[(rows * Lanes.Count)..], 0);
            Lanes.StoreTail(gelu ? Gelu(tail) : Silu(tail), y[(rows * Lanes.Count)..]);
        }
    }

    private readonly struct Work(float* x, float* y, bool gelu) : IRowWork
    {
        public void Run(int from, int to)
        {
            if (gelu)
                GeluRange(x + ((nint)from * Lanes.Count), y + ((nint)from * Lanes.Count), to - from);
            else
                SiluRange(x + ((nint)from * Lanes.Count), y + ((nint)from * Lanes.Count), to - from);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void GeluRange(float* x, float* y, int count)
    {
        for (nint i = 0; i < (nint)count * Lanes.Count; i += Lanes.Count)
            Gelu(Vector512.Load(x + i)).Store(y + i);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void SiluRange(float* x, float* y, int count)
    {
        for (nint i = 0; i < (nint)count * Lanes.Count; i += Lanes.Count)
            Silu(Vector512.Load(x + i)).Store(y + i);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Gelu(Vector512<float> x)
    {
        Vector512<float> z = x * Vector512.FusedMultiplyAdd(x * x, Vector512.Create(GeluCubic), Vector512.Create(GeluLinear));
        return x / (Vector512<float>.One + DeterministicMath.Exp(z));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Silu(Vector512<float> x) => x / (Vector512<float>.One + DeterministicMath.Exp(-x));
}
