using System.Buffers.Binary;
using SkiaSharp;

namespace QuantBuild.Imaging;

/// <summary>The orientation in the EXIF chunk of a PNG file, which Skia leaves aside.</summary>
internal static class PngOrientation
{
    private const int SignatureBytes = 8;
    private const ushort OrientationTag = 0x0112;
    private const int EntryBytes = 12;

    /// <summary>Reads it; that of a picture which is stored as it is seen when there is none.</summary>
    public static SKEncodedOrigin Of(ReadOnlySpan<byte> file)
    {
        ReadOnlySpan<byte> rest = file[SignatureBytes..];
        while (rest.Length >= 12)
        {
            long length = BinaryPrimitives.ReadUInt32BigEndian(rest);
            if (length > rest.Length - 12)
                break;
            if (rest.Slice(4, 4).SequenceEqual("eXIf"u8))
                return OfExif(rest.Slice(8, (int)length));
            rest = rest[(12 + (int)length)..];
        }
        return SKEncodedOrigin.TopLeft;
    }

    /// <summary>
    /// The orientation of an EXIF block, which is a TIFF file: byte order, offset of its first directory, entries of twelve bytes.
    /// </summary>
    private static SKEncodedOrigin OfExif(ReadOnlySpan<byte> exif)
    {
        bool isLittle = exif.StartsWith("II*\0"u8);
        if (exif.Length < 8 || !(isLittle || exif.StartsWith("MM\0*"u8)))
            return SKEncodedOrigin.TopLeft;
        long directory = isLittle ? BinaryPrimitives.ReadUInt32LittleEndian(exif[4..]) : BinaryPrimitives.ReadUInt32BigEndian(exif[4..]);
        if (directory > exif.Length - 2)
            return SKEncodedOrigin.TopLeft;
        ReadOnlySpan<byte> entries = exif[(int)directory..];
        int count = Number(entries, isLittle);
        for (entries = entries[2..]; count > 0 && entries.Length >= EntryBytes; count--, entries = entries[EntryBytes..])
        {
            if (Number(entries, isLittle) == OrientationTag)
                return Number(entries[8..], isLittle) is >= 1 and <= 8 and var origin ? (SKEncodedOrigin)origin : SKEncodedOrigin.TopLeft;
        }
        return SKEncodedOrigin.TopLeft;
    }

    private static ushort Number(ReadOnlySpan<byte> bytes, bool isLittle) =>
        isLittle ? BinaryPrimitives.ReadUInt16LittleEndian(bytes) : BinaryPrimitives.ReadUInt16BigEndian(bytes);
}
