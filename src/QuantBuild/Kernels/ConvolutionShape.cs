namespace QuantBuild.Kernels;

/// <summary>Size of a convolution over frames, rows and columns; rows and columns are treated alike.</summary>
/// <param name="In">Input channels.</param>
/// <param name="Out">Output channels.</param>
/// <param name="KernelFrames">Frames that an output sees.</param>
/// <param name="Kernel">Rows, and columns, that an output sees.</param>
internal readonly record struct ConvolutionShape(int In, int Out, int KernelFrames, int Kernel)
{
    /// <summary>Frames between neighbouring outputs.</summary>
    public int StrideFrames { get; init; } = 1;

    /// <summary>Rows, and columns, between neighbouring outputs.</summary>
    public int Stride { get; init; } = 1;

    /// <summary>Zeros in front of every row and column.</summary>
    public int PadBefore { get; init; }

    /// <summary>Zeros behind every row and column.</summary>
    public int PadAfter { get; init; }

    /// <summary>How often every row and column is repeated before the convolution.</summary>
    public int Enlarge { get; init; } = 1;

    /// <summary>Inputs of one output.</summary>
    public int Depth => checked(KernelFrames * Kernel * Kernel * In);

    /// <summary>Output frames; there is no padding in time.</summary>
    public int OutputFrames(int frames) => ((frames - KernelFrames) / StrideFrames) + 1;

    /// <summary>Output rows of so many rows, or columns.</summary>
    public int OutputSize(int size) => (((size * Enlarge) + PadBefore + PadAfter - Kernel) / Stride) + 1;
}
