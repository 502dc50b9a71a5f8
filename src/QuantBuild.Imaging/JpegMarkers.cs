using System.Buffers.Binary;

namespace QuantBuild.Imaging;

/// <summary>What the markers of a JPEG file (ITU-T T.81) say that its decoder does not.</summary>
/// <param name="HasEnd">Whether the end of the picture is marked.</param>
/// <param name="HasSeveralScans">Whether a pixel is made of several scans, so that a decoder keeps all coefficients.</param>
internal readonly record struct JpegMarkers(bool HasEnd, bool HasSeveralScans)
{
    private const int StartOfPicture = 0xD8;
    private const int EndOfPicture = 0xD9;
    private const int StartOfScan = 0xDA;

    /// <summary>Walks over the markers, and over the coded data between them.</summary>
    public static JpegMarkers Read(ReadOnlySpan<byte> file)
    {
        (int components, bool several) = (0, false);
        while (true)
        {
            // Coded data has a zero after every 0xFF; 0xFF before a marker is filling.
            int at = file.IndexOf((byte)0xFF);
            if (at < 0 || at + 1 >= file.Length)
                return new JpegMarkers(false, several);
            int marker = file[at + 1];
            file = file[(at + (marker == 0xFF ? 1 : 2))..];
            if (marker == EndOfPicture)
                return new JpegMarkers(true, several);
            if (marker is 0 or 1 or 0xFF or StartOfPicture or (>= 0xD0 and <= 0xD7))
                continue;
            int length = file.Length < 2 ? file.Length : Math.Min(file.Length, BinaryPrimitives.ReadUInt16BigEndian(file));
            ReadOnlySpan<byte> segment = file[..length];
            if (IsFrame(marker) && segment.Length > 7)
                (components, several) = (segment[7], several || marker is 0xC2 or 0xC6 or 0xCA or 0xCE);
            else if (marker == StartOfScan && segment.Length > 2)
                several |= segment[2] != components;
            file = file[length..];
        }
    }

    private static bool IsFrame(int marker) => marker is >= 0xC0 and <= 0xCF and not (0xC4 or 0xC8 or 0xCC);
}
