using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;
using QuantBuild.Imaging;

namespace QuantBuild.Tests.Imaging;

/// <summary>A slow PNG encoder for every kind of picture; row after row has another filter.</summary>
internal static class PngSpecification
{
    public static byte[] Encode(int width, int height, int colour, int depth, bool interlaced, byte[] palette, int samples,
        Func<int, int, int, int> sample)
    {
        using var raw = new MemoryStream();
        using (var zlib = new ZLibStream(raw, CompressionLevel.Fastest))
        {
            (int X, int Y, int Dx, int Dy)[] passes = interlaced
                ? [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
                : [(0, 0, 1, 1)];
            foreach ((int startX, int startY, int dx, int dy) in passes)
            {
                byte[]? above = null;
                for (int y = startY, row = 0; y < height && startX < width; y += dy, row++)
                {
                    var bits = new List<bool>();
                    for (int x = startX; x < width; x += dx)
                    {
                        for (int c = 0; c < samples; c++)
                        {
                            for (int bit = depth - 1; bit >= 0; bit--)
                                bits.Add((sample(x, y, c) >> bit & 1) != 0);
                        }
                    }
                    byte[] line = [.. bits.Chunk(8).Select(eight => (byte)eight.Select((bit, i) => bit ? 128 >> i : 0).Sum())];
                    zlib.Write(Filter(row % 5, line, above ?? new byte[line.Length], Math.Max(1, samples * depth / 8)));
                    above = line;
                }
            }
        }
        using var file = new MemoryStream();
        file.Write([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]);
        var header = new byte[13];
        BinaryPrimitives.WriteInt32BigEndian(header, width);
        BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(4), height);
        (header[8], header[9], header[12]) = ((byte)depth, (byte)colour, interlaced ? (byte)1 : (byte)0);
        Chunk(file, "IHDR", header);
        Chunk(file, "tEXt", "Comment\0skipped"u8);
        if (colour == 3)
            Chunk(file, "PLTE", palette);
        byte[] data = raw.ToArray();
        Chunk(file, "IDAT", data.AsSpan(0, data.Length / 2));
        Chunk(file, "IDAT", data.AsSpan(data.Length / 2));
        Chunk(file, "IEND", []);
        return file.ToArray();
    }

    private static byte[] Filter(int filter, byte[] line, byte[] above, int back)
    {
        var result = new byte[line.Length + 1];
        result[0] = (byte)filter;
        for (int i = 0; i < line.Length; i++)
        {
            int a = i < back ? 0 : line[i - back], b = above[i], c = i < back ? 0 : above[i - back];
            int p = a + b - c;
            int nearest = new[] { a, b, c }.MinBy(value => Math.Abs(p - value));
            int prediction = filter switch { 0 => 0, 1 => a, 2 => b, 3 => (a + b) / 2, _ => nearest };
            result[i + 1] = (byte)(line[i] - prediction);
        }
        return result;
    }

    /// <summary>A black picture of one bit per pixel: a small file, whatever its size.</summary>
    public static byte[] Black(int width, int height)
    {
        using var raw = new MemoryStream();
        using (var zlib = new ZLibStream(raw, CompressionLevel.Fastest))
        {
            var row = new byte[1 + ((width + 7) / 8)];
            for (int y = 0; y < height; y++)
                zlib.Write(row);
        }
        var header = new byte[13];
        BinaryPrimitives.WriteInt32BigEndian(header, width);
        BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(4), height);
        header[8] = 1;
        return [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A, .. ChunkOf("IHDR", header), .. ChunkOf("IDAT", raw.ToArray()),
            .. ChunkOf("IEND", [])];
    }

    /// <summary>A whole chunk.</summary>
    public static byte[] ChunkOf(string type, ReadOnlySpan<byte> data)
    {
        using var chunk = new MemoryStream();
        Chunk(chunk, type, data);
        return chunk.ToArray();
    }

    private static void Chunk(Stream file, string type, ReadOnlySpan<byte> data)
    {
        byte[] name = Encoding.ASCII.GetBytes(type);
        Span<byte> number = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(number, data.Length);
        file.Write(number);
        file.Write(name);
        file.Write(data);
        BinaryPrimitives.WriteUInt32BigEndian(number, PngWriter.Checksum(name, data));
        file.Write(number);
    }
}
