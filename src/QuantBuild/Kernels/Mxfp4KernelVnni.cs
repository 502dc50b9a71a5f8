using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace QuantBuild.Kernels;

/// <summary>6 tokens x 16 outputs, twice: twelve accumulators of 32-bit sums, to which one instruction adds four products a lane.</summary>
/// <remarks>
/// .NET 10 has the instruction at 256 bits only, where it takes all sixteen registers: twelve sums, two of weights, a token's values, a
/// spare.
/// </remarks>
internal readonly unsafe struct Mxfp4KernelVnni : IMxfp4Kernel
{
    private const int Half = Mxfp4Panels.Width / 2;

    public static int Tokens => 6;

    public static void Run(in Mxfp4Tile tile)
    {
        RunHalf(tile, 0);
        RunHalf(tile, Half);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void RunHalf(in Mxfp4Tile tile, int first)
    {
        nint stride = tile.ValueStride, blockStride = tile.BlockStride;
        byte* weights = tile.Weights + (4 * first);
        float* weightScales = tile.WeightScales + first;
        float** y = tile.Outputs;
        sbyte* a = tile.Values;
        float* scale = tile.Scales;
        int* correction = tile.Corrections;
        for (nint block = tile.Blocks; block > 0; block--)
        {
            nint at = 0;
            Vector256<int> s0l = Corrected(correction + at), s0r = s0l;
            at += blockStride;
            Vector256<int> s1l = Corrected(correction + at), s1r = s1l;
            at += blockStride;
            Vector256<int> s2l = Corrected(correction + at), s2r = s2l;
            at += blockStride;
            Vector256<int> s3l = Corrected(correction + at), s3r = s3l;
            at += blockStride;
            Vector256<int> s4l = Corrected(correction + at), s4r = s4l;
            at += blockStride;
            Vector256<int> s5l = Corrected(correction + at), s5r = s5l;
            for (int k = 0; k < 8; k++, a += 4, weights += 4 * Mxfp4Panels.Width)
            {
                sbyte* b = a + (3 * stride);
                Vector256<byte> left = Vector256.Load(weights), right = Vector256.Load(weights + 32);
                Vector256<sbyte> value = Vector256.Create(*(int*)a).AsSByte();
                s0l = AvxVnni.MultiplyWideningAndAdd(s0l, left, value);
                s0r = AvxVnni.MultiplyWideningAndAdd(s0r, right, value);
                value = Vector256.Create(*(int*)(a + stride)).AsSByte();
                s1l = AvxVnni.MultiplyWideningAndAdd(s1l, left, value);
                s1r = AvxVnni.MultiplyWideningAndAdd(s1r, right, value);
                value = Vector256.Create(*(int*)(a + (2 * stride))).AsSByte();
                s2l = AvxVnni.MultiplyWideningAndAdd(s2l, left, value);
                s2r = AvxVnni.MultiplyWideningAndAdd(s2r, right, value);
                value = Vector256.Create(*(int*)b).AsSByte();
                s3l = AvxVnni.MultiplyWideningAndAdd(s3l, left, value);
                s3r = AvxVnni.MultiplyWideningAndAdd(s3r, right, value);
                value = Vector256.Create(*(int*)(b + stride)).AsSByte();
                s4l = AvxVnni.MultiplyWideningAndAdd(s4l, left, value);
                s4r = AvxVnni.MultiplyWideningAndAdd(s4r, right, value);
                value = Vector256.Create(*(int*)(b + (2 * stride))).AsSByte();
                s5l = AvxVnni.MultiplyWideningAndAdd(s5l, left, value);
                s5r = AvxVnni.MultiplyWideningAndAdd(s5r, right, value);
            }
            Vector256<float> scalesLeft = Vector256.Load(weightScales), scalesRight = Vector256.Load(weightScales + 8);
            at = 0;
            Add(s0l, s0r, scale + at, scalesLeft, scalesRight, y[0] + first);
            at += blockStride;
            Add(s1l, s1r, scale + at, scalesLeft, scalesRight, y[1] + first);
            at += blockStride;
            Add(s2l, s2r, scale + at, scalesLeft, scalesRight, y[2] + first);
            at += blockStride;
            Add(s3l, s3r, scale + at, scalesLeft, scalesRight, y[3] + first);
            at += blockStride;
            Add(s4l, s4r, scale + at, scalesLeft, scalesRight, y[4] + first);
            at += blockStride;
            Add(s5l, s5r, scale + at, scalesLeft, scalesRight, y[5] + first);
            scale++;
            correction++;
            weightScales += Mxfp4Panels.Width;
        }
    }

    /// <summary>Both halves of a correction: the upper one, doubled.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> Corrected(int* correction)
    {
        Vector256<int> half = Vector256.Create(*correction) >> 16;
        return half + half;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Add(Vector256<int> left, Vector256<int> right, float* scale, Vector256<float> scalesLeft,
        Vector256<float> scalesRight, float* y)
    {
        Vector256<float> factor = Vector256.Create(*(int*)scale).AsSingle();
        Vector256.FusedMultiplyAdd(Vector256.ConvertToSingle(left) * factor, scalesLeft, Vector256.Load(y)).Store(y);
        Vector256.FusedMultiplyAdd(Vector256.ConvertToSingle(right) * factor, scalesRight, Vector256.Load(y + 8)).Store(y + 8);
    }
}
