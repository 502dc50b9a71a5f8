namespace QuantBuild.Kernels;

/// <summary>
/// A float32 matrix in the order in which <see cref="Gemm"/> reads a right factor, so that nothing needs to be copied: panels of
/// <see cref="Width"/> columns, element (k, j) at <c>j / Width * PanelStride + k * Width + j % Width</c>.
/// </summary>
/// <remarks>The last panel is read in full, whatever lies beyond the last column; that never shows in a result.</remarks>
internal readonly ref struct PanelMatrixView
{
    /// <summary>
    /// Columns of a panel, 16 or 32: those of a tile of the vector kernel in use, four tiles of the scalar one. Half of a wider panel would
    /// fill only every other cache line.
    /// </summary>
    public static int Width { get; } = Gemm.Fastest == GemmPath.Vector512 ? 32 : 16;

    /// <summary>The memory the view lies on.</summary>
    public ReadOnlySpan<float> Data { get; }

    /// <summary>Number of rows.</summary>
    public int Rows { get; }

    /// <summary>Number of columns.</summary>
    public int Columns { get; }

    /// <summary>Distance between panels, in elements.</summary>
    public int PanelStride { get; }

    /// <summary>A view.</summary>
    /// <exception cref="ArgumentException">It would reach beyond <paramref name="data"/>.</exception>
    public PanelMatrixView(ReadOnlySpan<float> data, int rows, int columns, int panelStride)
    {
        long panels = ((long)columns + Width - 1) / Width;
        if (rows < 0 || columns < 0 || panelStride < (long)rows * Width
            || (panels > 0 && ((panels - 1) * panelStride) + ((long)rows * Width) > data.Length))
            throw new ArgumentException($"{data.Length} elements are too few for {panels} panels of {rows} x {Width}, {panelStride} apart",
                nameof(data));
        Data = data;
        Rows = rows;
        Columns = columns;
        PanelStride = panelStride;
    }
}
