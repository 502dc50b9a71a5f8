namespace QuantBuild.Kernels;

/// <summary>The kernels that <see cref="Mxfp4Product"/> can run on, slower ones first. They differ in speed only.</summary>
internal enum Mxfp4Path
{
    /// <summary>The specification; runs everywhere.</summary>
    Scalar,

    /// <summary>256-bit vectors.</summary>
    Avx2,

    /// <summary>256-bit vectors with an instruction that multiplies and adds four bytes.</summary>
    AvxVnni,

    /// <summary>512-bit vectors.</summary>
    Avx512,
}
