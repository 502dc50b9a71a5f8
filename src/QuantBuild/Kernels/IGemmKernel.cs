namespace QuantBuild.Kernels;

/// <summary>
/// The innermost product of <see cref="Gemm"/>: one register tile of C from one packed panel of A and one of B.
/// </summary>
/// <remarks>
/// Every implementation performs, for each element of the tile on its own, <c>acc = fma(a, b, acc)</c> over ascending depth: the
/// instruction set decides how many elements advance at once, never how one of them is rounded.
/// </remarks>
internal unsafe interface IGemmKernel
{
    /// <summary>Rows of the tile: the width of a packed panel of A.</summary>
    static abstract int Rows { get; }

    /// <summary>Columns of the tile: the width of a packed panel of B.</summary>
    static abstract int Columns { get; }

    /// <summary>
    /// C tile = (<paramref name="accumulate"/> ? C tile : 0) + A panel times B panel, for a full tile with contiguous rows.
    /// </summary>
    /// <param name="depth">Length of the chain.</param>
    /// <param name="a">Panel of A: for every step of the depth, <see cref="Rows"/> values.</param>
    /// <param name="b">Panel of B: for every step of the depth, <see cref="Columns"/> values.</param>
    /// <param name="step">
    /// Distance between the steps of <paramref name="b"/>: <see cref="Columns"/>, or more for a part of a wider panel.
    /// </param>
    /// <param name="c">First element of the tile.</param>
    /// <param name="stride">Distance between rows of the tile, in elements.</param>
    /// <param name="accumulate">Whether the chains continue from the tile's old content.</param>
    static abstract void Run(nint depth, float* a, float* b, nint step, float* c, nint stride, bool accumulate);
}
