namespace QuantBuild.Kernels;

/// <summary>Multiplies a <see cref="Mxfp4Tile"/> as <see cref="Mxfp4Product"/> specifies it.</summary>
internal interface IMxfp4Kernel
{
    /// <summary>Tokens of a tile. All are read and added; those that are not wanted get an output row that nobody reads.</summary>
    static abstract int Tokens { get; }

    /// <summary>Adds all blocks of a tile to its outputs.</summary>
    static abstract void Run(in Mxfp4Tile tile);
}
