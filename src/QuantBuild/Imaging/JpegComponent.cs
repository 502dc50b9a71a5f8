namespace QuantBuild.Imaging;

/// <summary>One colour of a JPEG picture: its coefficients, block by block in natural order.</summary>
/// <param name="id">Its name in the file.</param>
/// <param name="across">Blocks per unit, horizontally.</param>
/// <param name="down">Blocks per unit, vertically.</param>
/// <param name="quantization">Number of its quantization table.</param>
internal sealed class JpegComponent(int id, int across, int down, int quantization)
{
    public int Id => id;

    public int Across => across;

    public int Down => down;

    /// <summary>Blocks that hold pixels of the picture.</summary>
    public int Columns { get; private set; }

    /// <summary>Rows of blocks that hold pixels of the picture.</summary>
    public int Rows { get; private set; }

    /// <summary>Blocks per row that are stored: a whole number of units.</summary>
    public int Stride { get; private set; }

    /// <summary>Rows of blocks that are stored.</summary>
    public int StoredRows { get; private set; }

    /// <summary>All coefficients.</summary>
    public short[] Coefficients { get; private set; } = [];

    /// <summary>Quantization table as it was when the component's first scan began.</summary>
    public float[]? Steps { get; private set; }

    public Span<short> Block(int row, int column) => Coefficients.AsSpan(64 * ((row * Stride) + column), 64);

    public void Allocate(JpegFrame frame)
    {
        Columns = Divide(Divide(frame.Width * across, frame.Across), 8);
        Rows = Divide(Divide(frame.Height * down, frame.Down), 8);
        Stride = frame.UnitColumns * across;
        StoredRows = frame.UnitRows * down;
        Coefficients = new short[checked(64 * Stride * StoredRows)];
    }

    public void Begin(JpegTables tables) => Steps ??= tables.Quantization(quantization);

    private static int Divide(int value, int by) => (value + by - 1) / by;
}
