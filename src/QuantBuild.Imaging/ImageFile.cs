using System.Reflection;
using SkiaSharp;

namespace QuantBuild.Imaging;

/// <summary>Reads picture files: PNG, JPEG, WebP, GIF and BMP, told apart by their first bytes, never by their names.</summary>
/// <remarks>
/// Colours are the file's own numbers: colour profiles and gamma are ignored, transparency is dropped, not blended, of sixteen bits the
/// upper eight are taken, and of an animation the first frame, as the official pipeline's image library does; only a transparent pixel of a
/// GIF file, whose colour the decoder does not give, is black. The orientation that a camera recorded is applied.
/// </remarks>
public static class ImageFile
{
    private const int MostFileBytes = 1 << 30;

    /// <summary>Name and version of the library that decodes, which a decoded picture may depend on.</summary>
    public static string Decoder { get; } =
        "SkiaSharp " + typeof(SKCodec).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion
        .Split('+')[0];

    extension(Image)
    {
        /// <summary>Loads a picture.</summary>
        /// <param name="path">The file.</param>
        /// <exception cref="InvalidDataException">
        /// It is no picture of a known kind, damaged, or takes more memory than there is; the message says how.
        /// </exception>
        /// <exception cref="IOException">The file cannot be read.</exception>
        public static Image Load(string path)
        {
            try
            {
                return Decode(ReadBytes(path));
            }
            catch (InvalidDataException e)
            {
                throw new InvalidDataException($"{path}: {e.Message}", e);
            }
        }

        /// <summary>Decodes a picture.</summary>
        /// <param name="file">The file's bytes.</param>
        /// <param name="memoryLimit">
        /// The most bytes that decoding may take, <see cref="ImageHeader.DecodingBytes"/>; null for what the process may have at all.
        /// </param>
        /// <exception cref="InvalidDataException">
        /// It is no picture of a known kind, damaged, or takes more memory; the message says how.
        /// </exception>
        /// <exception cref="IOException">The decoder is not there for this system.</exception>
        public static Image Decode(ReadOnlySpan<byte> file, long? memoryLimit = null) =>
            PictureCodec.Decode(file, memoryLimit ?? GC.GetGCMemoryInfo(GCKind.Any).TotalAvailableMemoryBytes);
    }

    /// <summary>Reads a picture file whole.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="InvalidDataException">It is larger than any picture.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static byte[] ReadBytes(string path)
    {
        using FileStream file = File.OpenRead(path);
        return ReadBytes(file);
    }

    /// <summary>Reads the rest of an open picture file.</summary>
    /// <param name="file">The file; it need not know its length.</param>
    /// <exception cref="InvalidDataException">It is larger than any picture.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static byte[] ReadBytes(Stream file)
    {
        using var bytes = new MemoryStream(file.CanSeek ? (int)Math.Clamp(file.Length, 0, MostFileBytes) : 0);
        var buffer = new byte[1 << 16];
        while (file.Read(buffer) is > 0 and var count)
        {
            if (bytes.Length + count > MostFileBytes)
                throw new InvalidDataException($"the file is larger than any picture, {MostFileBytes >> 20} MiB");
            bytes.Write(buffer, 0, count);
        }
        return bytes.Capacity == bytes.Length ? bytes.GetBuffer() : bytes.ToArray();
    }

    /// <summary>Reads the header of a picture, and nothing else of it.</summary>
    /// <param name="file">The file's bytes.</param>
    /// <exception cref="InvalidDataException">
    /// It is no picture of a known kind, damaged, or larger than any picture; the message says how.
    /// </exception>
    /// <exception cref="IOException">The decoder is not there for this system.</exception>
    public static ImageHeader ReadHeader(ReadOnlySpan<byte> file) => PictureCodec.Header(file);
}
