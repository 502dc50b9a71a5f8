using System.Runtime.InteropServices;

namespace QuantBuild.Benchmarks;

/// <summary>OpenBLAS, for comparison only and only if the machine has it.</summary>
internal sealed unsafe class OpenBlas
{
    private const int RowMajor = 101, NoTranspose = 111, Transpose = 112;

    /// <summary>Whose kernels it has chosen for this processor, such as HASWELL (256 bits) or SKYLAKEX (512).</summary>
    public string Kernels { get; }

    private readonly delegate* unmanaged<int, int, int, int, int, int, float, float*, int, float*, int, float, float*, int, void> _gemm;

    private OpenBlas(nint library, int threads)
    {
        ((delegate* unmanaged<int, void>)NativeLibrary.GetExport(library, "openblas_set_num_threads"))(threads);
        Kernels = Marshal.PtrToStringUTF8(((delegate* unmanaged<nint>)NativeLibrary.GetExport(library, "openblas_get_corename"))())
            ?? "unknown";
        _gemm = (delegate* unmanaged<int, int, int, int, int, int, float, float*, int, float*, int, float, float*, int, void>)
            NativeLibrary.GetExport(library, "cblas_sgemm");
    }

    /// <summary>Loads it; null when it is not there.</summary>
    public static OpenBlas? TryLoad(int threads) =>
        NativeLibrary.TryLoad("libopenblas.so.0", out nint library) ? new OpenBlas(library, threads) : null;

    /// <summary>y[tokens,outputs] = x[tokens,inputs] w[outputs,inputs]^T.</summary>
    public void Multiply(float[] x, float[] w, float[] y, Settings s)
    {
        fixed (float* a = x, b = w, c = y)
            _gemm(RowMajor, NoTranspose, Transpose, s.Tokens, s.Outputs, s.Inputs, 1, a, s.Inputs, b, s.Inputs, 0, c, s.Outputs);
    }
}
