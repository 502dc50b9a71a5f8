using System.Text;

namespace QuantBuild.Imaging;

/// <summary>Kinds of files, told apart by their first bytes.</summary>
internal static class FileKind
{
    public const string Png = "PNG";

    public const string Jpeg = "JPEG";

    public const string WebP = "WebP";

    private static readonly string[] Read = [Png, Jpeg, WebP, "GIF", "BMP"];

    // Where the bytes are, the bytes, and what has them.
    private static readonly (int Offset, byte[] Bytes, string Kind)[] Signatures =
    [
        (0, [0x89, .. "PNG\r\n\u001A\n"u8], Png),
        (0, [0xFF, 0xD8, 0xFF], Jpeg),
        (8, [.. "WEBP"u8], WebP),
        (0, [.. "GIF8"u8], "GIF"),
        (0, [.. "BM"u8], "BMP"),
        (0, [.. "II*\0"u8], "a TIFF file"),
        (0, [.. "MM\0*"u8], "a TIFF file"),
        (0, [.. "II+\0"u8], "a TIFF file"),
        (0, [.. "MM\0+"u8], "a TIFF file"),
        (4, [.. "ftypavif"u8], "an AVIF file"),
        (4, [.. "ftypavis"u8], "an AVIF file"),
        (4, [.. "ftyphei"u8], "a HEIC file"),
        (4, [.. "ftyphev"u8], "a HEIC file"),
        (4, [.. "ftypmif1"u8], "a HEIF file"),
        (4, [.. "ftypmsf1"u8], "a HEIF file"),
        (4, [.. "ftyp"u8], "an MP4 or QuickTime video"),
        (4, [.. "JXL \r\n"u8], "a JPEG XL file"),
        (0, [0xFF, 0x0A], "a JPEG XL file"),
        (4, [.. "jP  \r\n"u8], "a JPEG 2000 file"),
        (0, [0xFF, 0x4F, 0xFF, 0x51], "a JPEG 2000 file"),
        (8, [.. "AVI "u8], "an AVI video"),
        (0, [0x1A, 0x45, 0xDF, 0xA3], "a Matroska or WebM video"),
        (0, [.. "8BPS"u8], "a Photoshop file"),
        (0, [0x76, 0x2F, 0x31, 0x01], "an OpenEXR file"),
        (0, [.. "#?RADIANCE"u8], "a Radiance HDR file"),
        (0, [.. "qoif"u8], "a QOI file"),
        (0, [.. "DDS "u8], "a DDS texture"),
        (0, [0, 0, 1, 0], "an icon file"),
        (0, [0, 0, 2, 0], "a Targa picture or a cursor file"),
        (0, [.. "P1"u8], "a Netpbm file"),
        (0, [.. "P2"u8], "a Netpbm file"),
        (0, [.. "P3"u8], "a Netpbm file"),
        (0, [.. "P4"u8], "a Netpbm file"),
        (0, [.. "P5"u8], "a Netpbm file"),
        (0, [.. "P6"u8], "a Netpbm file"),
        (0, [0, 1, 1, 0], "a Targa picture"),
        (0, [.. "%PDF"u8], "a PDF document"),
        (0, [.. "%!PS"u8], "a PostScript document"),
        (0, [.. "PK\u0003\u0004"u8], "a zip archive"),
        (0, [0x1F, 0x8B], "a gzip archive"),
        (0, [.. "version https://git-lfs"u8], "a pointer of Git LFS, whose file was not fetched"),
    ];

    /// <summary>Whether files of a kind are read.</summary>
    public static bool IsRead(string kind) => Read.Contains(kind);

    /// <summary>The kind of a file: the name of a kind that is read, or what to call the file in a sentence.</summary>
    public static string Of(ReadOnlySpan<byte> file)
    {
        foreach ((int offset, byte[] bytes, string kind) in Signatures)
        {
            if (file.Length > offset && file[offset..].StartsWith(bytes))
                return kind;
        }
        return file.IsEmpty ? "an empty file" : OfText(file[..Math.Min(file.Length, 1024)]);
    }

    private static string OfText(ReadOnlySpan<byte> start)
    {
        string text = Encoding.Latin1.GetString(start).TrimStart();
        return text.Contains("<svg", StringComparison.OrdinalIgnoreCase) ? "an SVG drawing"
            : text.StartsWith("<!doctype html", StringComparison.OrdinalIgnoreCase)
            || text.StartsWith("<html", StringComparison.OrdinalIgnoreCase) ? "a web page (HTML)"
            : text.StartsWith('{') || text.StartsWith('[') ? "JSON or other text"
            : text.Length > 0 && text.All(c => c >= ' ' || char.IsWhiteSpace(c)) && start.IndexOfAnyInRange((byte)0x80, (byte)0xFF) < 0
            ? "a text file"
            : "no picture of a known kind";
    }
}
