using System.Buffers.Binary;

namespace QuantBuild.Imaging;

/// <summary>The frame of a JPEG picture: its size and its colours.</summary>
internal sealed class JpegFrame
{
    private JpegFrame(int width, int height, bool isProgressive, JpegComponent[] components)
    {
        (Width, Height, IsProgressive, Components) = (width, height, isProgressive, components);
        Across = components.Max(component => component.Across);
        Down = components.Max(component => component.Down);
        UnitColumns = (width + (8 * Across) - 1) / (8 * Across);
        UnitRows = (height + (8 * Down) - 1) / (8 * Down);
        foreach (JpegComponent component in components)
            component.Allocate(this);
    }

    public int Width { get; }

    public int Height { get; }

    public bool IsProgressive { get; }

    public JpegComponent[] Components { get; }

    /// <summary>Most blocks per unit of any component, horizontally.</summary>
    public int Across { get; }

    /// <summary>Most blocks per unit of any component, vertically.</summary>
    public int Down { get; }

    public int UnitColumns { get; }

    public int UnitRows { get; }

    /// <param name="segment">The frame's header.</param>
    /// <param name="isProgressive">Whether coefficients come in several scans.</param>
    /// <param name="fileLength">Length of the file: a block takes a bit at least, so it bounds the picture before memory is taken.</param>
    /// <exception cref="InvalidDataException">The frame is damaged or of a kind that is not supported.</exception>
    public static JpegFrame Parse(ReadOnlySpan<byte> segment, bool isProgressive, int fileLength)
    {
        if (segment.Length < 6 || segment.Length != 6 + (3 * segment[5]))
            throw new InvalidDataException("the frame is damaged");
        int height = BinaryPrimitives.ReadUInt16BigEndian(segment[1..]), width = BinaryPrimitives.ReadUInt16BigEndian(segment[3..]);
        if (segment[0] != 8 || segment[5] is not (1 or 3))
            throw new InvalidDataException($"{segment[5]} colours of {segment[0]} bits; only grey and three colours of 8 bits are supported");
        if (width == 0 || height == 0 || (long)width * height > Image.MostPixels || (long)width * height / 64 > 8L * fileLength)
            throw new InvalidDataException($"a picture of {width}x{height} pixels in a file of {fileLength} bytes");
        var components = new JpegComponent[segment[5]];
        for (int i = 0; i < components.Length; i++)
        {
            ReadOnlySpan<byte> entry = segment.Slice(6 + (3 * i), 3);
            (int across, int down) = (entry[1] >> 4, entry[1] & 15);
            if (across is < 1 or > 4 || down is < 1 or > 4 || entry[2] > 3)
                throw new InvalidDataException("the frame is damaged");
            // One colour alone is coded block by block, whatever the frame says about units.
            components[i] = components.Length == 1 ? new JpegComponent(entry[0], 1, 1, entry[2]) : new JpegComponent(entry[0], across, down, entry[2]);
        }
        return new JpegFrame(width, height, isProgressive, components);
    }
}
