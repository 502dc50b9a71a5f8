using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using QuantBuild.Formats;

namespace QuantBuild.Kernels;

/// <summary>
/// The Hadamard transform of blocks of 32 neighbours, Sylvester's order: <c>y_i = sum_j (-1)^popcount(i &amp; j) x_j</c>.
/// </summary>
/// <remarks>
/// <para>The order of additions: five stages with distances 1, 2, 4, 8, 16; in each, every pair (a, b) at that distance becomes
/// (a + b, a - b). The transform is symmetric and, divided by 32, its own inverse: an activation takes it as it is and its weight divided
/// by 32, a power of two, so that normalization rounds nothing.</para>
/// </remarks>
internal static unsafe class Hadamard
{
    /// <summary>Channels of a block: those that share an MXFP4 scale.</summary>
    public const int Block = Mxfp4.BlockSize;

    /// <summary>What a weight is multiplied with after its transform, exactly.</summary>
    public const float WeightFactor = 1f / Block;

    /// <summary>Transforms adjacent blocks in place.</summary>
    /// <param name="x">The first value.</param>
    /// <param name="count">Values, a multiple of <see cref="Block"/>.</param>
    public static void Apply(float* x, int count)
    {
        if (Vector256.IsHardwareAccelerated)
            ApplyVector(x, count);
        else
            ApplyScalar(x, count);
    }

    /// <summary>The matrix of the transform, [32, 32]: for arithmetic that has products but no such stages.</summary>
    public static float[] Matrix() => [.. Enumerable.Range(0, Block * Block)
        .Select(i => BitOperations.PopCount((uint)(i / Block & i % Block)) % 2 == 0 ? 1f : -1f)];

    /// <summary>The specification.</summary>
    internal static void ApplyScalar(float* x, int count)
    {
        for (float* block = x; block < x + count; block += Block)
        {
            for (int distance = 1; distance < Block; distance *= 2)
            {
                for (int i = 0; i < Block; i++)
                {
                    if ((i & distance) != 0)
                        continue;
                    (float a, float b) = (block[i], block[i + distance]);
                    block[i] = a + b;
                    block[i + distance] = a - b;
                }
            }
        }
    }

    /// <summary>The same in four vectors of eight: the first three stages within a vector, the last two between vectors.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void ApplyVector(float* x, int count)
    {
        for (float* block = x, end = x + count; block < end; block += Block)
        {
            Vector256<float> a = Within(Vector256.Load(block)), b = Within(Vector256.Load(block + 8));
            Vector256<float> c = Within(Vector256.Load(block + 16)), d = Within(Vector256.Load(block + 24));
            (a, b) = (a + b, a - b);
            (c, d) = (c + d, c - d);
            (a + c).Store(block);
            (b + d).Store(block + 8);
            (a - c).Store(block + 16);
            (b - d).Store(block + 24);
        }
    }

    /// <summary>Stages 1, 2 and 4. A lane takes its partner plus itself, or minus itself where it is the second of the pair.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Within(Vector256<float> v)
    {
        v = Vector256.Shuffle(v, Vector256.Create(1, 0, 3, 2, 5, 4, 7, 6)) + (v ^ Vector256.Create(0f, -0f, 0f, -0f, 0f, -0f, 0f, -0f));
        v = Vector256.Shuffle(v, Vector256.Create(2, 3, 0, 1, 6, 7, 4, 5)) + (v ^ Vector256.Create(0f, 0f, -0f, -0f, 0f, 0f, -0f, -0f));
        return Vector256.Shuffle(v, Vector256.Create(4, 5, 6, 7, 0, 1, 2, 3)) + (v ^ Vector256.Create(0f, 0f, 0f, 0f, -0f, -0f, -0f, -0f));
    }
}
