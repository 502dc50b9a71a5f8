using System.Buffers.Binary;

namespace QuantBuild.Imaging;

/// <summary>Reads JPEG files (ITU T.81): baseline, extended and progressive Huffman coding with eight bits, grey or three colours.</summary>
/// <remarks>
/// The transform and the enlargement of colour planes are linear and exact to rounding, in float32: a pixel may differ by a step or two
/// from another decoder's.  An orientation in the file's metadata is ignored, as the official pipeline's image library does.
/// </remarks>
public static class Jpeg
{
    // No encoder writes as many; every one of them costs a walk over all blocks.
    private const int MostScans = 512;

    /// <summary>Whether data starts as a JPEG file does.</summary>
    public static bool IsJpeg(ReadOnlySpan<byte> file) => file.StartsWith<byte>([0xFF, 0xD8, 0xFF]);

    /// <summary>Reads a picture.</summary>
    /// <param name="file">The file's bytes.</param>
    /// <exception cref="InvalidDataException">The file is damaged, or of a kind that is not supported; the message says how.</exception>
    public static Image Read(ReadOnlySpan<byte> file)
    {
        if (!IsJpeg(file))
            throw new InvalidDataException("not a JPEG file");
        var tables = new JpegTables();
        JpegFrame? frame = null;
        bool isRgb = false;
        int scans = 0;
        ReadOnlySpan<byte> rest = file[2..];
        for (byte marker = TakeMarker(ref rest); marker != 0xD9; marker = TakeMarker(ref rest))
        {
            if (marker is 0x01 or (>= 0xD0 and <= 0xD8))
                continue;
            ReadOnlySpan<byte> segment = TakeSegment(ref rest);
            switch (marker)
            {
                case 0xC0 or 0xC1 or 0xC2:
                    frame = frame is null ? JpegFrame.Parse(segment, marker == 0xC2, file.Length) : throw new InvalidDataException("there are two frames");
                    break;
                case 0xC4:
                    tables.ReadHuffman(segment);
                    break;
                case >= 0xC3 and <= 0xCF and not 0xC8:
                    throw new InvalidDataException($"coding process 0x{marker:X2} is not supported; save the picture as a baseline or progressive JPEG, or as PNG");
                case 0xDA:
                    if (frame is null || ++scans > MostScans)
                        throw new InvalidDataException(frame is null ? "the picture comes before its frame" : "there are too many scans");
                    new JpegScan(frame, tables, segment).Read(ref rest);
                    break;
                case 0xDB:
                    tables.ReadQuantization(segment);
                    break;
                case 0xDD:
                    tables.RestartInterval = segment.Length == 2 ? BinaryPrimitives.ReadUInt16BigEndian(segment) : throw new InvalidDataException("a restart interval is damaged");
                    break;
                case 0xEE when segment.Length >= 12 && segment.StartsWith("Adobe"u8):
                    isRgb = segment[11] == 0;
                    break;
            }
        }
        return frame is not null && scans > 0 ? JpegPixels.Of(frame, isRgb) : throw new InvalidDataException("the file has no picture");
    }

    private static byte TakeMarker(ref ReadOnlySpan<byte> rest)
    {
        if (rest.Length >= 2 && rest[0] != 0xFF)
            throw new InvalidDataException("there is data where a marker should be");
        while (rest.Length > 1 && rest[1] == 0xFF)
            rest = rest[1..];
        byte marker = rest.Length > 1 ? rest[1] : throw new InvalidDataException("the file ends before its end mark");
        rest = rest[2..];
        return marker;
    }

    private static ReadOnlySpan<byte> TakeSegment(ref ReadOnlySpan<byte> rest)
    {
        int length = rest.Length < 2 ? 0 : BinaryPrimitives.ReadUInt16BigEndian(rest);
        if (length < 2 || length > rest.Length)
            throw new InvalidDataException("a segment is longer than the file");
        ReadOnlySpan<byte> segment = rest[2..length];
        rest = rest[length..];
        return segment;
    }
}
