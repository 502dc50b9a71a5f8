using SkiaSharp;

namespace QuantBuild.Imaging;

/// <summary>The eight orientations of EXIF: how a stored picture is turned and mirrored to be seen as it was taken.</summary>
internal static class Orientation
{
    /// <summary>Whether rows become columns.</summary>
    public static bool IsTransposed(SKEncodedOrigin origin) =>
        origin is SKEncodedOrigin.LeftTop or SKEncodedOrigin.RightTop or SKEncodedOrigin.RightBottom or SKEncodedOrigin.LeftBottom;

    /// <summary>Takes red, green and blue of stored pixels to where they are seen.</summary>
    /// <param name="origin">Where the first stored row and column are seen.</param>
    /// <param name="rgba">Four bytes per stored pixel.</param>
    /// <param name="width">Pixels of a stored row.</param>
    /// <param name="height">Stored rows.</param>
    public static Image Apply(SKEncodedOrigin origin, ReadOnlySpan<byte> rgba, int width, int height)
    {
        bool isTransposed = IsTransposed(origin);
        bool isMirrored = origin is SKEncodedOrigin.TopRight or SKEncodedOrigin.BottomRight or SKEncodedOrigin.RightTop
            or SKEncodedOrigin.RightBottom;
        bool isUpsideDown = origin is SKEncodedOrigin.BottomRight or SKEncodedOrigin.BottomLeft or SKEncodedOrigin.RightBottom
            or SKEncodedOrigin.LeftBottom;
        (int seenWidth, int seenHeight) = isTransposed ? (height, width) : (width, height);
        var pixels = new byte[3 * seenWidth * seenHeight];
        for (int row = 0; row < height; row++)
        {
            for (int column = 0; column < width; column++)
            {
                (int x, int y) = isTransposed ? (row, column) : (column, row);
                x = isMirrored ? seenWidth - 1 - x : x;
                y = isUpsideDown ? seenHeight - 1 - y : y;
                rgba.Slice(4 * ((row * width) + column), 3).CopyTo(pixels.AsSpan(3 * ((y * seenWidth) + x)));
            }
        }
        return new Image(seenWidth, seenHeight, pixels);
    }
}
