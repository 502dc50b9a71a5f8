using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace QuantBuild.Kernels;

/// <summary>12 x 32 tile: twenty-four 512-bit accumulators, two vectors of B and one broadcast out of thirty-two registers.</summary>
internal readonly unsafe struct GemmKernel512 : IGemmKernel
{
    public static int Rows => 12;

    public static int Columns => 32;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run(nint depth, float* a, float* b, nint step, float* c, nint stride, bool accumulate)
    {
        Vector512<float> c0l = Vector512<float>.Zero, c0r = Vector512<float>.Zero;
        Vector512<float> c1l = Vector512<float>.Zero, c1r = Vector512<float>.Zero;
        Vector512<float> c2l = Vector512<float>.Zero, c2r = Vector512<float>.Zero;
        Vector512<float> c3l = Vector512<float>.Zero, c3r = Vector512<float>.Zero;
        Vector512<float> c4l = Vector512<float>.Zero, c4r = Vector512<float>.Zero;
        Vector512<float> c5l = Vector512<float>.Zero, c5r = Vector512<float>.Zero;
        Vector512<float> c6l = Vector512<float>.Zero, c6r = Vector512<float>.Zero;
        Vector512<float> c7l = Vector512<float>.Zero, c7r = Vector512<float>.Zero;
        Vector512<float> c8l = Vector512<float>.Zero, c8r = Vector512<float>.Zero;
        Vector512<float> c9l = Vector512<float>.Zero, c9r = Vector512<float>.Zero;
        Vector512<float> cAl = Vector512<float>.Zero, cAr = Vector512<float>.Zero;
        Vector512<float> cBl = Vector512<float>.Zero, cBr = Vector512<float>.Zero;
        if (accumulate)
        {
            float* row = c;
            c0l = Vector512.Load(row);
            c0r = Vector512.Load(row + 16);
            row += stride;
            c1l = Vector512.Load(row);
            c1r = Vector512.Load(row + 16);
            row += stride;
            c2l = Vector512.Load(row);
            c2r = Vector512.Load(row + 16);
            row += stride;
            c3l = Vector512.Load(row);
            c3r = Vector512.Load(row + 16);
            row += stride;
            c4l = Vector512.Load(row);
            c4r = Vector512.Load(row + 16);
            row += stride;
            c5l = Vector512.Load(row);
            c5r = Vector512.Load(row + 16);
            row += stride;
            c6l = Vector512.Load(row);
            c6r = Vector512.Load(row + 16);
            row += stride;
            c7l = Vector512.Load(row);
            c7r = Vector512.Load(row + 16);
            row += stride;
            c8l = Vector512.Load(row);
            c8r = Vector512.Load(row + 16);
            row += stride;
            c9l = Vector512.Load(row);
            c9r = Vector512.Load(row + 16);
            row += stride;
            cAl = Vector512.Load(row);
            cAr = Vector512.Load(row + 16);
            row += stride;
            cBl = Vector512.Load(row);
            cBr = Vector512.Load(row + 16);
        }

        // The tile below comes next; its lines are on their way while this one is computed.
        float* next = c + (12 * stride);
        for (int i = 0; i < 12; i++, next += stride)
        {
            Sse.Prefetch0(next);
            Sse.Prefetch0(next + 16);
        }

        Vector512<float> left, right, value;
        for (; depth > 0; depth--, a += 12, b += step)
        {
            left = Vector512.Load(b);
            right = Vector512.Load(b + 16);
            value = Vector512.Create(a[0]);
            c0l = Vector512.FusedMultiplyAdd(value, left, c0l);
            c0r = Vector512.FusedMultiplyAdd(value, right, c0r);
            value = Vector512.Create(a[1]);
            c1l = Vector512.FusedMultiplyAdd(value, left, c1l);
            c1r = Vector512.FusedMultiplyAdd(value, right, c1r);
            value = Vector512.Create(a[2]);
            c2l = Vector512.FusedMultiplyAdd(value, left, c2l);
            c2r = Vector512.FusedMultiplyAdd(value, right, c2r);
            value = Vector512.Create(a[3]);
            c3l = Vector512.FusedMultiplyAdd(value, left, c3l);
            c3r = Vector512.FusedMultiplyAdd(value, right, c3r);
            value = Vector512.Create(a[4]);
            c4l = Vector512.FusedMultiplyAdd(value, left, c4l);
            c4r = Vector512.FusedMultiplyAdd(value, right, c4r);
            value = Vector512.Create(a[5]);
            c5l = Vector512.FusedMultiplyAdd(value, left, c5l);
            c5r = Vector512.FusedMultiplyAdd(value, right, c5r);
            value = Vector512.Create(a[6]);
            c6l = Vector512.FusedMultiplyAdd(value, left, c6l);
            c6r = Vector512.FusedMultiplyAdd(value, right, c6r);
            value = Vector512.Create(a[7]);
            c7l = Vector512.FusedMultiplyAdd(value, left, c7l);
            c7r = Vector512.FusedMultiplyAdd(value, right, c7r);
            value = Vector512.Create(a[8]);
            c8l = Vector512.FusedMultiplyAdd(value, left, c8l);
            c8r = Vector512.FusedMultiplyAdd(value, right, c8r);
            value = Vector512.Create(a[9]);
            c9l = Vector512.FusedMultiplyAdd(value, left, c9l);
            c9r = Vector512.FusedMultiplyAdd(value, right, c9r);
            value = Vector512.Create(a[10]);
            cAl = Vector512.FusedMultiplyAdd(value, left, cAl);
            cAr = Vector512.FusedMultiplyAdd(value, right, cAr);
            value = Vector512.Create(a[11]);
            cBl = Vector512.FusedMultiplyAdd(value, left, cBl);
            cBr = Vector512.FusedMultiplyAdd(value, right, cBr);
        }

        c0l.Store(c);
        c0r.Store(c + 16);
        c += stride;
        c1l.Store(c);
        c1r.Store(c + 16);
        c += stride;
        c2l.Store(c);
        c2r.Store(c + 16);
        c += stride;
        c3l.Store(c);
        c3r.Store(c + 16);
        c += stride;
        c4l.Store(c);
        c4r.Store(c + 16);
        c += stride;
        c5l.Store(c);
        c5r.Store(c + 16);
        c += stride;
        c6l.Store(c);
        c6r.Store(c + 16);
        c += stride;
        c7l.Store(c);
        c7r.Store(c + 16);
        c += stride;
        c8l.Store(c);
        c8r.Store(c + 16);
        c += stride;
        c9l.Store(c);
        c9r.Store(c + 16);
        c += stride;
        cAl.Store(c);
        cAr.Store(c + 16);
        c += stride;
        cBl.Store(c);
        cBr.Store(c + 16);
    }
}
