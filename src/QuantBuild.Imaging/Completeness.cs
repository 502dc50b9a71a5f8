using System.Buffers.Binary;

namespace QuantBuild.Imaging;

/// <summary>What Skia does not look at, or fills up in silence: whether a file is there to its end.</summary>
internal static class Completeness
{
    /// <summary>Whether a file's end is there, as far as its kind says where that is.</summary>
    public static bool HasEnd(string kind, ReadOnlySpan<byte> file) => kind switch
    {
        FileKind.Jpeg => JpegMarkers.Read(file).HasEnd,
        // A RIFF file has its length, less eight bytes, after its first four.
        FileKind.WebP => file.Length >= 12 && file.Length - 8L >= BinaryPrimitives.ReadUInt32LittleEndian(file[4..]),
        _ => true,
    };
}
