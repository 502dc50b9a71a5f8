using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace QuantBuild.Kernels;

/// <summary>
/// 6 tokens x 32 outputs: twelve accumulators of 16-bit sums; see <see cref="Mxfp4Kernel256"/> for why they cannot saturate.
/// </summary>
internal readonly unsafe struct Mxfp4Kernel512 : IMxfp4Kernel
{
    public static int Tokens => 6;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run(in Mxfp4Tile tile)
    {
        nint stride = tile.ValueStride, blockStride = tile.BlockStride;
        byte* weights = tile.Weights;
        float* weightScales = tile.WeightScales;
        float** y = tile.Outputs;
        sbyte* a = tile.Values;
        float* scale = tile.Scales;
        int* correction = tile.Corrections;
        for (nint block = tile.Blocks; block > 0; block--)
        {
            // A broadcast of 32 bits is one instruction, and gives either half of a pair of sums its half of the correction.
            nint at = 0;
            Vector512<short> s0l = Vector512.Create(correction[at]).AsInt16(), s0r = s0l;
            at += blockStride;
            Vector512<short> s1l = Vector512.Create(correction[at]).AsInt16(), s1r = s1l;
            at += blockStride;
            Vector512<short> s2l = Vector512.Create(correction[at]).AsInt16(), s2r = s2l;
            at += blockStride;
            Vector512<short> s3l = Vector512.Create(correction[at]).AsInt16(), s3r = s3l;
            at += blockStride;
            Vector512<short> s4l = Vector512.Create(correction[at]).AsInt16(), s4r = s4l;
            at += blockStride;
            Vector512<short> s5l = Vector512.Create(correction[at]).AsInt16(), s5r = s5l;
            for (int k = 0; k < 8; k++, a += 4, weights += 4 * Mxfp4Panels.Width)
            {
                sbyte* b = a + (3 * stride);
                Vector512<byte> left = Vector512.Load(weights), right = Vector512.Load(weights + 64);
                Vector512<sbyte> value = Vector512.Create(*(int*)a).AsSByte();
                s0l += Avx512BW.MultiplyAddAdjacent(left, value);
                s0r += Avx512BW.MultiplyAddAdjacent(right, value);
                value = Vector512.Create(*(int*)(a + stride)).AsSByte();
                s1l += Avx512BW.MultiplyAddAdjacent(left, value);
                s1r += Avx512BW.MultiplyAddAdjacent(right, value);
                value = Vector512.Create(*(int*)(a + (2 * stride))).AsSByte();
                s2l += Avx512BW.MultiplyAddAdjacent(left, value);
                s2r += Avx512BW.MultiplyAddAdjacent(right, value);
                value = Vector512.Create(*(int*)b).AsSByte();
                s3l += Avx512BW.MultiplyAddAdjacent(left, value);
                s3r += Avx512BW.MultiplyAddAdjacent(right, value);
                value = Vector512.Create(*(int*)(b + stride)).AsSByte();
                s4l += Avx512BW.MultiplyAddAdjacent(left, value);
                s4r += Avx512BW.MultiplyAddAdjacent(right, value);
                value = Vector512.Create(*(int*)(b + (2 * stride))).AsSByte();
                s5l += Avx512BW.MultiplyAddAdjacent(left, value);
                s5r += Avx512BW.MultiplyAddAdjacent(right, value);
            }
            Vector512<float> scalesLeft = Vector512.Load(weightScales), scalesRight = Vector512.Load(weightScales + 16);
            at = 0;
            Add(s0l, s0r, scale + at, scalesLeft, scalesRight, y[0]);
            at += blockStride;
            Add(s1l, s1r, scale + at, scalesLeft, scalesRight, y[1]);
            at += blockStride;
            Add(s2l, s2r, scale + at, scalesLeft, scalesRight, y[2]);
            at += blockStride;
            Add(s3l, s3r, scale + at, scalesLeft, scalesRight, y[3]);
            at += blockStride;
            Add(s4l, s4r, scale + at, scalesLeft, scalesRight, y[4]);
            at += blockStride;
            Add(s5l, s5r, scale + at, scalesLeft, scalesRight, y[5]);
            scale++;
            correction++;
            weightScales += Mxfp4Panels.Width;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Add(Vector512<short> left, Vector512<short> right, float* scale,
        Vector512<float> scalesLeft, Vector512<float> scalesRight, float* y)
    {
        // As an integer, because the compiler broadcasts those straight from memory.
        Vector512<float> factor = Vector512.Create(*(int*)scale).AsSingle();
        Vector512<float> l = Vector512.ConvertToSingle(Avx512BW.MultiplyAddAdjacent(left, Vector512<short>.One)) * factor;
        Vector512<float> r = Vector512.ConvertToSingle(Avx512BW.MultiplyAddAdjacent(right, Vector512<short>.One)) * factor;
        Vector512.FusedMultiplyAdd(l, scalesLeft, Vector512.Load(y)).Store(y);
        Vector512.FusedMultiplyAdd(r, scalesRight, Vector512.Load(y + 16)).Store(y + 16);
    }
}
