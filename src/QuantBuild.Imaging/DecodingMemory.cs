namespace QuantBuild.Imaging;

/// <summary>What decoding takes.</summary>
internal static class DecodingMemory
{
    // Four bytes of a decoded pixel, and the three that are kept.
    private const int PixelBytes = 7;

    // What a decoder holds of each pixel when it cannot go row by row: coefficients of four components, or the eight bytes of the largest
    // pixel.
    private const int WholePictureBytes = 8;

    // Tables, rows, and the decoder itself.
    private const long FixedBytes = 8 << 20;

    /// <summary>Bytes at the most, the file's own not included.</summary>
    /// <param name="width">Width in pixels.</param>
    /// <param name="height">Height in pixels.</param>
    /// <param name="isWhole">Whether the decoder may hold the picture whole.</param>
    public static long Bytes(int width, int height, bool isWhole)
    {
        // Blocks of JPEG are up to 32 pixels wide and high.
        long pixels = (width + 31L) * (height + 31L);
        return FixedBytes + (pixels * (PixelBytes + (isWhole ? WholePictureBytes : 0)));
    }
}
