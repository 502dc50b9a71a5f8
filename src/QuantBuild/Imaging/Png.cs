using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;

namespace QuantBuild.Imaging;

/// <summary>Reads PNG files (W3C Recommendation, third edition): every colour type and bit depth, interlaced or not.</summary>
/// <remarks>
/// Transparency is dropped, not blended, sixteen bits are rounded to eight, and colour profiles and gamma are ignored, as the official
/// pipeline's image library does; of an animation the still picture is read.
/// </remarks>
public static class Png
{
    internal static ReadOnlySpan<byte> Signature => [0x89, (byte)'P', (byte)'N', (byte)'G', 0x0D, 0x0A, 0x1A, 0x0A];

    /// <summary>Whether data starts as a PNG file does.</summary>
    public static bool IsPng(ReadOnlySpan<byte> file) => file.StartsWith(Signature);

    /// <summary>Reads a picture.</summary>
    /// <param name="file">The file's bytes.</param>
    /// <exception cref="InvalidDataException">The file is damaged; the message says how.</exception>
    public static Image Read(ReadOnlySpan<byte> file)
    {
        if (!IsPng(file))
            throw new InvalidDataException("not a PNG file");
        PngHeader? header = null;
        byte[] palette = [];
        using var compressed = new MemoryStream();
        ReadOnlySpan<byte> rest = file[Signature.Length..];
        while (true)
        {
            ReadOnlySpan<byte> data = TakeChunk(ref rest, out string type);
            if ((header is null) != (type == "IHDR"))
                throw new InvalidDataException("the header is not the first chunk, or there are two");
            switch (type)
            {
                case "IHDR":
                    header = PngHeader.Parse(data);
                    break;
                case "PLTE":
                    palette = data.Length is > 0 and <= 768 && data.Length % 3 == 0 ? data.ToArray() : throw new InvalidDataException("the palette has no whole number of colours");
                    break;
                case "IDAT":
                    compressed.Write(data);
                    break;
                case "IEND":
                    return new PngRaster(header!, palette).Decode(Inflate(compressed, header!.RasterLength));
                default:
                    if (char.IsAsciiLetterUpper(type[0]))
                        throw new InvalidDataException($"the chunk '{type}' is not known, but needed");
                    break;
            }
        }
    }

    private static ReadOnlySpan<byte> TakeChunk(ref ReadOnlySpan<byte> rest, out string type)
    {
        if (rest.Length < 12)
            throw new InvalidDataException("the file ends before its last chunk");
        uint length = BinaryPrimitives.ReadUInt32BigEndian(rest);
        if (length > rest.Length - 12)
            throw new InvalidDataException("a chunk is longer than the file");
        ReadOnlySpan<byte> name = rest.Slice(4, 4), data = rest.Slice(8, (int)length);
        type = Encoding.Latin1.GetString(name);
        if (BinaryPrimitives.ReadUInt32BigEndian(rest[(8 + (int)length)..]) != PngWriter.Checksum(name, data))
            throw new InvalidDataException($"a chunk '{type}' has a wrong checksum");
        rest = rest[(12 + (int)length)..];
        return data;
    }

    private static byte[] Inflate(MemoryStream compressed, int length)
    {
        // Deflate expands by a factor of 1032 at most: a small file does not make us take much memory.
        if (length > 1032L * compressed.Length)
            throw new InvalidDataException("the picture's data ends early");
        compressed.Position = 0;
        using var stream = new ZLibStream(compressed, CompressionMode.Decompress);
        var raster = new byte[length];
        try
        {
            if (stream.ReadAtLeast(raster, length, throwOnEndOfStream: false) < length)
                throw new InvalidDataException("the picture's data ends early");
        }
        catch (IOException e)
        {
            throw new InvalidDataException("the picture's data cannot be decompressed", e);
        }
        return raster;
    }
}
