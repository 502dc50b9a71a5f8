using System.Buffers.Binary;
using System.IO.Compression;
using System.IO.Hashing;
using System.Text;

namespace QuantBuild.Imaging;

/// <summary>Writes PNG files, still and animated, eight bits of three colours per pixel.</summary>
/// <remarks>The pixels are exact; the bytes depend on the compression library of the runtime.</remarks>
public static class PngWriter
{
    private static ReadOnlySpan<byte> Signature => [0x89, (byte)'P', (byte)'N', (byte)'G', 0x0D, 0x0A, 0x1A, 0x0A];

    /// <summary>Writes a still picture.</summary>
    /// <param name="stream">Receives the file.</param>
    /// <param name="image">The picture.</param>
    public static void Write(Stream stream, Image image) => WriteAnimation(stream, [image], framesPerSecond: 1);

    /// <summary>Writes an animation that repeats for ever; programs that know none show its first frame.</summary>
    /// <param name="stream">Receives the file.</param>
    /// <param name="frames">Frames of one size.</param>
    /// <param name="framesPerSecond">Frames per second, up to 1000.</param>
    /// <exception cref="ArgumentException">There is no frame, or sizes differ.</exception>
    public static void WriteAnimation(Stream stream, IReadOnlyList<Image> frames, int framesPerSecond)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(framesPerSecond, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(framesPerSecond, 1000);
        if (frames.Count == 0 || frames.Any(frame => frame.Width != frames[0].Width || frame.Height != frames[0].Height))
            throw new ArgumentException("an animation needs frames of one size", nameof(frames));
        (int width, int height) = (frames[0].Width, frames[0].Height);
        stream.Write(Signature);
        Chunk(stream, "IHDR", [.. Big(width), .. Big(height), 8, 2, 0, 0, 0]);
        if (frames.Count > 1)
            Chunk(stream, "acTL", [.. Big(frames.Count), .. Big(0)]);
        int sequence = 0;
        for (int i = 0; i < frames.Count; i++)
        {
            if (frames.Count > 1)
                Chunk(stream, "fcTL",
                    [.. Big(sequence++), .. Big(width), .. Big(height), .. Big(0), .. Big(0), 0, 1, (byte)(framesPerSecond >> 8),
                        (byte)framesPerSecond, 0, 0]);
            byte[] data = Compress(frames[i]);
            if (i == 0)
                Chunk(stream, "IDAT", data);
            else
                Chunk(stream, "fdAT", [.. Big(sequence++), .. data]);
        }
        Chunk(stream, "IEND", []);
    }

    /// <summary>Every row as differences from its left neighbour: simple, and good for what a decoder makes.</summary>
    private static byte[] Compress(Image image)
    {
        using var memory = new MemoryStream();
        using (var stream = new ZLibStream(memory, CompressionLevel.Optimal))
        {
            int rowBytes = 3 * image.Width;
            var line = new byte[rowBytes + 1];
            line[0] = 1;
            for (int row = 0; row < image.Height; row++)
            {
                ReadOnlySpan<byte> source = image.Pixels.Span.Slice(row * rowBytes, rowBytes);
                for (int i = 0; i < rowBytes; i++)
                    line[i + 1] = (byte)(source[i] - (i >= 3 ? source[i - 3] : 0));
                stream.Write(line);
            }
        }
        return memory.ToArray();
    }

    private static void Chunk(Stream stream, string type, ReadOnlySpan<byte> data)
    {
        byte[] name = Encoding.ASCII.GetBytes(type);
        stream.Write(Big(data.Length));
        stream.Write(name);
        stream.Write(data);
        stream.Write(Big((int)Checksum(name, data)));
    }

    /// <summary>The checksum of a chunk: over its type and its data.</summary>
    internal static uint Checksum(ReadOnlySpan<byte> type, ReadOnlySpan<byte> data)
    {
        var crc = new Crc32();
        crc.Append(type);
        crc.Append(data);
        return crc.GetCurrentHashAsUInt32();
    }

    private static byte[] Big(int value)
    {
        var bytes = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(bytes, value);
        return bytes;
    }
}
