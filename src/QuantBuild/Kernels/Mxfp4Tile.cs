namespace QuantBuild.Kernels;

/// <summary>What an <see cref="IMxfp4Kernel"/> multiplies: a few tokens by one panel of a weight, over adjacent 32-blocks.</summary>
internal readonly unsafe struct Mxfp4Tile
{
    /// <summary>Twice the E2M1 values of the first token at the first block, a byte per channel.</summary>
    public required sbyte* Values { get; init; }

    /// <summary>Distance between tokens in <see cref="Values"/>.</summary>
    public required nint ValueStride { get; init; }

    /// <summary>Half the scale of the first token's first block; the next block's follows.</summary>
    public required float* Scales { get; init; }

    /// <summary>
    /// What <see cref="Mxfp4Tokens.Correction"/> makes of the sum of each block's values, laid out as <see cref="Scales"/>.
    /// </summary>
    public required int* Corrections { get; init; }

    /// <summary>Distance between tokens in <see cref="Scales"/> and <see cref="Corrections"/>.</summary>
    public required nint BlockStride { get; init; }

    /// <summary>The panel from its first block on, see <see cref="Mxfp4Panels"/>.</summary>
    public required byte* Weights { get; init; }

    /// <summary>Half the scales of the panel from its first block on.</summary>
    public required float* WeightScales { get; init; }

    /// <summary>A row of 32 outputs for every token of the kernel. Two may be the same: tokens are added one after another.</summary>
    public required float** Outputs { get; init; }

    /// <summary>Number of blocks.</summary>
    public required nint Blocks { get; init; }
}
