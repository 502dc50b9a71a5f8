using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace QuantBuild.Kernels;

/// <summary>
/// 4 tokens x 16 outputs, twice: eight accumulators of 16-bit sums, two vectors of weights and one broadcast of four values.
/// </summary>
/// <remarks>
/// A pair of products is at most 2 x 24 x 60, so that none saturates, neither for values up to 12 (<see cref="Mxfp4Tokens"/>) nor up to 60.
/// A 16-bit lane adds eight of them to half the correction; sums may wrap on the way, but with w the signed weights the last is (w + 6) a
/// over the lane's own sixteen channels less 6 a over the other sixteen, at most 16 x 60 x (18 + 6) = 23040.
/// </remarks>
internal readonly unsafe struct Mxfp4Kernel256 : IMxfp4Kernel
{
    private const int Half = Mxfp4Panels.Width / 2;

    public static int Tokens => 4;

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
        float* y0 = tile.Outputs[0] + first, y1 = tile.Outputs[1] + first, y2 = tile.Outputs[2] + first, y3 = tile.Outputs[3] + first;
        sbyte* a = tile.Values;
        float* scale = tile.Scales;
        int* correction = tile.Corrections;
        for (nint block = tile.Blocks; block > 0; block--)
        {
            // A broadcast of 32 bits is one instruction, and gives either half of a pair of sums its half of the correction.
            Vector256<short> s0l = Vector256.Create(*correction).AsInt16(), s0r = s0l;
            Vector256<short> s1l = Vector256.Create(correction[blockStride]).AsInt16(), s1r = s1l;
            Vector256<short> s2l = Vector256.Create(correction[2 * blockStride]).AsInt16(), s2r = s2l;
            Vector256<short> s3l = Vector256.Create(correction[3 * blockStride]).AsInt16(), s3r = s3l;
            for (int k = 0; k < 8; k++, a += 4, weights += 4 * Mxfp4Panels.Width)
            {
                Vector256<byte> left = Vector256.Load(weights), right = Vector256.Load(weights + 32);
                Vector256<sbyte> value = Vector256.Create(*(int*)a).AsSByte();
                s0l += Avx2.MultiplyAddAdjacent(left, value);
                s0r += Avx2.MultiplyAddAdjacent(right, value);
                value = Vector256.Create(*(int*)(a + stride)).AsSByte();
                s1l += Avx2.MultiplyAddAdjacent(left, value);
                s1r += Avx2.MultiplyAddAdjacent(right, value);
                value = Vector256.Create(*(int*)(a + (2 * stride))).AsSByte();
                s2l += Avx2.MultiplyAddAdjacent(left, value);
                s2r += Avx2.MultiplyAddAdjacent(right, value);
                value = Vector256.Create(*(int*)(a + (3 * stride))).AsSByte();
                s3l += Avx2.MultiplyAddAdjacent(left, value);
                s3r += Avx2.MultiplyAddAdjacent(right, value);
            }
            Add(s0l, s0r, scale, weightScales, y0);
            Add(s1l, s1r, scale + blockStride, weightScales, y1);
            Add(s2l, s2r, scale + (2 * blockStride), weightScales, y2);
            Add(s3l, s3r, scale + (3 * blockStride), weightScales, y3);
            scale++;
            correction++;
            weightScales += Mxfp4Panels.Width;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Add(Vector256<short> left, Vector256<short> right, float* scale, float* weightScales, float* y)
    {
        Vector256<float> factor = Vector256.Create(*(int*)scale).AsSingle();
        Vector256<float> l = Vector256.ConvertToSingle(Avx2.MultiplyAddAdjacent(left, Vector256<short>.One)) * factor;
        Vector256<float> r = Vector256.ConvertToSingle(Avx2.MultiplyAddAdjacent(right, Vector256<short>.One)) * factor;
        Vector256.FusedMultiplyAdd(l, Vector256.Load(weightScales), Vector256.Load(y)).Store(y);
        Vector256.FusedMultiplyAdd(r, Vector256.Load(weightScales + 8), Vector256.Load(y + 8)).Store(y + 8);
    }
}
