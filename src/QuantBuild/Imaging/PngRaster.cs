namespace QuantBuild.Imaging;

/// <summary>Turns the decompressed rows of a PNG file into pixels.</summary>
internal sealed class PngRaster(PngHeader header, byte[] palette)
{
    public Image Decode(Span<byte> raster)
    {
        if (header.Colour == 3 && palette.Length == 0)
            throw new InvalidDataException("there is no palette");
        var pixels = new byte[3 * header.Width * header.Height];
        foreach (PngPass pass in header.Passes())
        {
            int rowBytes = header.RowBytes(pass.Columns);
            Span<byte> previous = new byte[rowBytes];
            for (int row = 0; row < pass.Rows; row++, raster = raster[(rowBytes + 1)..])
            {
                Span<byte> line = raster.Slice(1, rowBytes);
                Unfilter(raster[0], line, previous);
                for (int column = 0; column < pass.Columns; column++)
                {
                    int target = ((pass.Y + (row * pass.StepY)) * header.Width) + pass.X + (column * pass.StepX);
                    Pixel(line, column, pixels.AsSpan(3 * target, 3));
                }
                previous = line;
            }
        }
        return new Image(header.Width, header.Height, pixels);
    }

    private void Unfilter(byte filter, Span<byte> line, ReadOnlySpan<byte> above)
    {
        int back = header.PixelBytes;
        for (int i = 0; i < line.Length; i++)
        {
            int left = i >= back ? line[i - back] : 0, corner = i >= back ? above[i - back] : 0;
            line[i] += filter switch
            {
                0 => 0,
                1 => (byte)left,
                2 => above[i],
                3 => (byte)((left + above[i]) / 2),
                4 => (byte)Paeth(left, above[i], corner),
                _ => throw new InvalidDataException($"a row has the filter {filter}"),
            };
        }
    }

    private static int Paeth(int left, int above, int corner)
    {
        int toLeft = Math.Abs(above - corner), toAbove = Math.Abs(left - corner), toCorner = Math.Abs(left + above - (2 * corner));
        return toLeft <= toAbove && toLeft <= toCorner ? left : toAbove <= toCorner ? above : corner;
    }

    private void Pixel(ReadOnlySpan<byte> line, int column, Span<byte> pixel)
    {
        if (header.Colour == 3)
        {
            int index = Sample(line, column);
            if (3 * index >= palette.Length)
                throw new InvalidDataException($"a pixel has colour {index} of a palette of {palette.Length / 3}");
            palette.AsSpan(3 * index, 3).CopyTo(pixel);
            return;
        }
        int first = column * header.Samples;
        for (int colour = 0; colour < 3; colour++)
            pixel[colour] = EightBits(Sample(line, header.Samples >= 3 ? first + colour : first));
    }

    private int Sample(ReadOnlySpan<byte> line, int index)
    {
        if (header.Depth == 16)
            return (line[2 * index] << 8) | line[(2 * index) + 1];
        int bit = index * header.Depth;
        return (line[bit / 8] >> (8 - header.Depth - (bit % 8))) & ((1 << header.Depth) - 1);
    }

    private byte EightBits(int sample)
    {
        int largest = (1 << header.Depth) - 1;
        return (byte)(((sample * 255) + (largest / 2)) / largest);
    }
}
