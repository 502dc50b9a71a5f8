namespace QuantBuild.Kernels;

/// <summary>What <see cref="Gemm"/> does with the old content of the result.</summary>
internal enum GemmMode
{
    /// <summary>C = A B.</summary>
    Overwrite,

    /// <summary>C = C + A B.</summary>
    Add,

    /// <summary>C = C - A B.</summary>
    Subtract,
}
