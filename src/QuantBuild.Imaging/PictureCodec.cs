using System.Diagnostics.CodeAnalysis;
using SkiaSharp;

namespace QuantBuild.Imaging;

/// <summary>Skia's decoders over bytes in memory.</summary>
internal static unsafe class PictureCodec
{
    // Beyond any camera, and small enough that sizes computed from it fit their types.
    private const long MostPixels = 1L << 27;

    /// <summary>Looks at a header.</summary>
    public static ImageHeader Header(ReadOnlySpan<byte> file)
    {
        fixed (byte* bytes = file)
        {
            using SKData data = Wrap(bytes, file.Length);
            using SKCodec codec = Open(data, file);
            return Describe(codec, file);
        }
    }

    /// <summary>Decodes, if that takes no more bytes than a limit.</summary>
    public static Image Decode(ReadOnlySpan<byte> file, long limit)
    {
        fixed (byte* bytes = file)
        {
            using SKData data = Wrap(bytes, file.Length);
            using SKCodec codec = Open(data, file);
            ImageHeader header = Describe(codec, file);
            if (header.DecodingBytes > limit)
                throw new InvalidDataException(
                    $"decoding its {header.Width}x{header.Height} pixels takes {header.DecodingBytes >> 20} MiB, and there are "
                        + $"{limit >> 20} MiB");
            // No colour space: the numbers stay those of the file.
            var info = new SKImageInfo(codec.Info.Width, codec.Info.Height, SKColorType.Rgba8888, SKAlphaType.Unpremul, colorspace: null);
            var pixels = new byte[info.BytesSize];
            SKCodecResult result;
            fixed (byte* target = pixels)
                result = codec.GetPixels(info, (nint)target);
            if (result != SKCodecResult.Success)
                throw new InvalidDataException(Text(result, header.Kind));
            return Orientation.Apply(OriginOf(codec, file), pixels, info.Width, info.Height);
        }
    }

    private static SKData Wrap(byte* bytes, int length)
    {
        try
        {
            return SKData.Create((nint)bytes, length);
        }
        catch (Exception e) when (e is TypeInitializationException or DllNotFoundException or EntryPointNotFoundException)
        {
            throw new IOException(
                $"the picture decoder, {ImageFile.Decoder}, cannot be loaded on this system: {e.GetBaseException().Message}", e);
        }
    }

    [SuppressMessage("Maintainability", "CA1508:Avoid dead conditional code",
        Justification = "It is null for a damaged file, whatever its declaration says.")]
    private static SKCodec Open(SKData data, ReadOnlySpan<byte> file)
    {
        string kind = FileKind.Of(file);
        if (!FileKind.IsRead(kind))
            throw new InvalidDataException($"it is {kind}; pictures are read from PNG, JPEG, WebP, GIF and BMP files");
        // For null Skia says no reason.
        return SKCodec.Create(data) ?? throw new InvalidDataException($"the {kind} file is damaged, or of a variant that is not known");
    }

    private static ImageHeader Describe(SKCodec codec, ReadOnlySpan<byte> file)
    {
        string kind = FileKind.Of(file);
        (int width, int height) = (codec.Info.Width, codec.Info.Height);
        if (width < 1 || height < 1 || (long)width * height > MostPixels)
            throw new InvalidDataException($"a {kind} file of {width}x{height} pixels; at most {MostPixels >> 20} million are read");
        if (!Completeness.HasEnd(kind, file))
            throw new InvalidDataException($"the {kind} file ends early");
        bool isWhole = kind != FileKind.Jpeg || JpegMarkers.Read(file).HasSeveralScans;
        bool isTurned = Orientation.IsTransposed(OriginOf(codec, file));
        return new ImageHeader(kind, isTurned ? height : width, isTurned ? width : height, DecodingMemory.Bytes(width, height, isWhole));
    }

    private static SKEncodedOrigin OriginOf(SKCodec codec, ReadOnlySpan<byte> file) =>
        FileKind.Of(file) == FileKind.Png ? PngOrientation.Of(file) : codec.EncodedOrigin;

    private static string Text(SKCodecResult result, string kind) => result switch
    {
        SKCodecResult.IncompleteInput => $"the {kind} file ends early, or is damaged",
        SKCodecResult.ErrorInInput or SKCodecResult.InvalidInput => $"the {kind} file is damaged",
        _ => $"the {kind} file cannot be decoded ({result})",
    };
}
