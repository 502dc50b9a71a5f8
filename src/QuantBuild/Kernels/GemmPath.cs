namespace QuantBuild.Kernels;

/// <summary>The kernels that <see cref="Gemm"/> can run on. They differ in speed only.</summary>
internal enum GemmPath
{
    /// <summary>No vectors; runs everywhere.</summary>
    Scalar,

    /// <summary>256-bit vectors with fused multiply-add.</summary>
    Vector256,

    /// <summary>512-bit vectors.</summary>
    Vector512,
}
