using System.Runtime.CompilerServices;

namespace QuantBuild.Kernels;

/// <summary>
/// The kernel for machines without 256-bit fused multiply-add. <see cref="MathF.FusedMultiplyAdd"/> rounds once with or without an
/// instruction for it, so the bits are those of the vector kernels.
/// </summary>
internal readonly unsafe struct GemmKernelScalar : IGemmKernel
{
    public static int Rows => 4;

    public static int Columns => 4;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run(nint depth, float* a, float* b, nint step, float* c, nint stride, bool accumulate)
    {
        for (int row = 0; row < 4; row++, c += stride)
        {
            float c0 = 0, c1 = 0, c2 = 0, c3 = 0;
            if (accumulate)
                (c0, c1, c2, c3) = (c[0], c[1], c[2], c[3]);
            float* left = a + row, right = b;
            for (nint k = 0; k < depth; k++, left += 4, right += step)
            {
                float value = *left;
                c0 = MathF.FusedMultiplyAdd(value, right[0], c0);
                c1 = MathF.FusedMultiplyAdd(value, right[1], c1);
                c2 = MathF.FusedMultiplyAdd(value, right[2], c2);
                c3 = MathF.FusedMultiplyAdd(value, right[3], c3);
            }
            (c[0], c[1], c[2], c[3]) = (c0, c1, c2, c3);
        }
    }
}
