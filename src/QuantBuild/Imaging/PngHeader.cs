using System.Buffers.Binary;

namespace QuantBuild.Imaging;

/// <summary>The header chunk of a PNG file.</summary>
/// <param name="Width">Width in pixels.</param>
/// <param name="Height">Height in pixels.</param>
/// <param name="Depth">Bits per sample.</param>
/// <param name="Colour">Colour type: 0 grey, 2 RGB, 3 palette, 4 grey and alpha, 6 RGB and alpha.</param>
/// <param name="IsInterlaced">Whether the seven passes of Adam7 are used.</param>
internal sealed record PngHeader(int Width, int Height, int Depth, int Colour, bool IsInterlaced)
{
    // First column, first row, columns apart, rows apart.
    private static readonly (int X, int Y, int StepX, int StepY)[] Adam7 =
        [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)];

    /// <summary>Samples per pixel.</summary>
    public int Samples => Colour switch { 2 => 3, 4 => 2, 6 => 4, _ => 1 };

    /// <summary>Bytes from a sample to the same sample of the next pixel, at least one: what filters look back by.</summary>
    public int PixelBytes => Math.Max(1, Samples * Depth / 8);

    /// <summary>The passes that have pixels: their size, and where their pixels go.</summary>
    public IEnumerable<PngPass> Passes()
    {
        foreach ((int x, int y, int stepX, int stepY) in IsInterlaced ? Adam7 : [(0, 0, 1, 1)])
        {
            int columns = (Width - x + stepX - 1) / stepX, rows = (Height - y + stepY - 1) / stepY;
            if (columns > 0 && rows > 0)
                yield return new PngPass(x, y, stepX, stepY, columns, rows);
        }
    }

    /// <summary>Bytes of a row of so many pixels, without its filter.</summary>
    public int RowBytes(int columns) => checked((int)(((((long)columns * Samples * Depth) + 7) / 8)));

    /// <summary>Bytes of all passes, every row with its filter.</summary>
    public int RasterLength => checked((int)Passes().Sum(pass => (long)pass.Rows * (RowBytes(pass.Columns) + 1)));

    /// <exception cref="InvalidDataException">A field is impossible.</exception>
    public static PngHeader Parse(ReadOnlySpan<byte> data)
    {
        if (data.Length != 13)
            throw new InvalidDataException($"the header has {data.Length} bytes instead of 13");
        uint width = BinaryPrimitives.ReadUInt32BigEndian(data), height = BinaryPrimitives.ReadUInt32BigEndian(data[4..]);
        if (width == 0 || height == 0 || width > int.MaxValue || height > int.MaxValue || (long)width * height > Image.MostPixels)
            throw new InvalidDataException($"a picture of {width}x{height} pixels");
        bool isPossible = (data[9], data[8]) is (0, 1 or 2 or 4 or 8 or 16) or (3, 1 or 2 or 4 or 8) or (2 or 4 or 6, 8 or 16);
        if (!isPossible || data[10] != 0 || data[11] != 0 || data[12] > 1)
            throw new InvalidDataException($"colour type {data[9]} with {data[8]} bits, compression {data[10]}, filter {data[11]}, interlace {data[12]}");
        return new PngHeader((int)width, (int)height, data[8], data[9], data[12] == 1);
    }
}
