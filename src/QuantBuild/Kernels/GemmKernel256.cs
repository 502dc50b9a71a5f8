using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace QuantBuild.Kernels;

/// <summary>6 x 16 tile: twelve 256-bit accumulators, two vectors of B and one broadcast fill fifteen of the sixteen registers.</summary>
internal readonly unsafe struct GemmKernel256 : IGemmKernel
{
    public static int Rows => 6;

    public static int Columns => 16;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run(nint depth, float* a, float* b, nint step, float* c, nint stride, bool accumulate)
    {
        Vector256<float> c0l = Vector256<float>.Zero, c0r = Vector256<float>.Zero;
        Vector256<float> c1l = Vector256<float>.Zero, c1r = Vector256<float>.Zero;
        Vector256<float> c2l = Vector256<float>.Zero, c2r = Vector256<float>.Zero;
        Vector256<float> c3l = Vector256<float>.Zero, c3r = Vector256<float>.Zero;
        Vector256<float> c4l = Vector256<float>.Zero, c4r = Vector256<float>.Zero;
        Vector256<float> c5l = Vector256<float>.Zero, c5r = Vector256<float>.Zero;
        if (accumulate)
        {
            float* row = c;
            c0l = Vector256.Load(row);
            c0r = Vector256.Load(row + 8);
            row += stride;
            c1l = Vector256.Load(row);
            c1r = Vector256.Load(row + 8);
            row += stride;
            c2l = Vector256.Load(row);
            c2r = Vector256.Load(row + 8);
            row += stride;
            c3l = Vector256.Load(row);
            c3r = Vector256.Load(row + 8);
            row += stride;
            c4l = Vector256.Load(row);
            c4r = Vector256.Load(row + 8);
            row += stride;
            c5l = Vector256.Load(row);
            c5r = Vector256.Load(row + 8);
        }

        Vector256<float> left, right, value;
        for (; depth >= 2; depth -= 2, a += 12, b += 2 * step)
        {
            left = Vector256.Load(b);
            right = Vector256.Load(b + 8);
            value = Vector256.Create(a[0]);
            c0l = Vector256.FusedMultiplyAdd(value, left, c0l);
            c0r = Vector256.FusedMultiplyAdd(value, right, c0r);
            value = Vector256.Create(a[1]);
            c1l = Vector256.FusedMultiplyAdd(value, left, c1l);
            c1r = Vector256.FusedMultiplyAdd(value, right, c1r);
            value = Vector256.Create(a[2]);
            c2l = Vector256.FusedMultiplyAdd(value, left, c2l);
            c2r = Vector256.FusedMultiplyAdd(value, right, c2r);
            value = Vector256.Create(a[3]);
            c3l = Vector256.FusedMultiplyAdd(value, left, c3l);
            c3r = Vector256.FusedMultiplyAdd(value, right, c3r);
            value = Vector256.Create(a[4]);
            c4l = Vector256.FusedMultiplyAdd(value, left, c4l);
            c4r = Vector256.FusedMultiplyAdd(value, right, c4r);
            value = Vector256.Create(a[5]);
            c5l = Vector256.FusedMultiplyAdd(value, left, c5l);
            c5r = Vector256.FusedMultiplyAdd(value, right, c5r);
            left = Vector256.Load(b + step);
            right = Vector256.Load(b + step + 8);
            value = Vector256.Create(a[6]);
            c0l = Vector256.FusedMultiplyAdd(value, left, c0l);
            c0r = Vector256.FusedMultiplyAdd(value, right, c0r);
            value = Vector256.Create(a[7]);
            c1l = Vector256.FusedMultiplyAdd(value, left, c1l);
            c1r = Vector256.FusedMultiplyAdd(value, right, c1r);
            value = Vector256.Create(a[8]);
            c2l = Vector256.FusedMultiplyAdd(value, left, c2l);
            c2r = Vector256.FusedMultiplyAdd(value, right, c2r);
            value = Vector256.Create(a[9]);
            c3l = Vector256.FusedMultiplyAdd(value, left, c3l);
            c3r = Vector256.FusedMultiplyAdd(value, right, c3r);
            value = Vector256.Create(a[10]);
            c4l = Vector256.FusedMultiplyAdd(value, left, c4l);
            c4r = Vector256.FusedMultiplyAdd(value, right, c4r);
            value = Vector256.Create(a[11]);
            c5l = Vector256.FusedMultiplyAdd(value, left, c5l);
            c5r = Vector256.FusedMultiplyAdd(value, right, c5r);
        }
        for (; depth > 0; depth--, a += 6, b += step)
        {
            left = Vector256.Load(b);
            right = Vector256.Load(b + 8);
            value = Vector256.Create(a[0]);
            c0l = Vector256.FusedMultiplyAdd(value, left, c0l);
            c0r = Vector256.FusedMultiplyAdd(value, right, c0r);
            value = Vector256.Create(a[1]);
            c1l = Vector256.FusedMultiplyAdd(value, left, c1l);
            c1r = Vector256.FusedMultiplyAdd(value, right, c1r);
            value = Vector256.Create(a[2]);
            c2l = Vector256.FusedMultiplyAdd(value, left, c2l);
            c2r = Vector256.FusedMultiplyAdd(value, right, c2r);
            value = Vector256.Create(a[3]);
            c3l = Vector256.FusedMultiplyAdd(value, left, c3l);
            c3r = Vector256.FusedMultiplyAdd(value, right, c3r);
            value = Vector256.Create(a[4]);
            c4l = Vector256.FusedMultiplyAdd(value, left, c4l);
            c4r = Vector256.FusedMultiplyAdd(value, right, c4r);
            value = Vector256.Create(a[5]);
            c5l = Vector256.FusedMultiplyAdd(value, left, c5l);
            c5r = Vector256.FusedMultiplyAdd(value, right, c5r);
        }

        c0l.Store(c);
        c0r.Store(c + 8);
        c += stride;
        c1l.Store(c);
        c1r.Store(c + 8);
        c += stride;
        c2l.Store(c);
        c2r.Store(c + 8);
        c += stride;
        c3l.Store(c);
        c3r.Store(c + 8);
        c += stride;
        c4l.Store(c);
        c4r.Store(c + 8);
        c += stride;
        c5l.Store(c);
        c5r.Store(c + 8);
    }
}
