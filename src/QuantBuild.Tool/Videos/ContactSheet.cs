using QuantBuild.Imaging;

namespace QuantBuild.Tool.Videos;

/// <summary>Pictures side by side in one.</summary>
internal static class ContactSheet
{
    private const byte Background = 255;

    /// <summary>Places pictures in rows; each row and column is as wide as its largest picture.</summary>
    /// <param name="images">The pictures, row by row.</param>
    /// <param name="columns">Pictures per row.</param>
    /// <param name="gap">Pixels between pictures, white.</param>
    /// <exception cref="ArgumentException">There is no picture.</exception>
    public static Image Arrange(IReadOnlyList<Image> images, int columns, int gap = 2)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(columns, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(gap);
        if (images.Count == 0)
            throw new ArgumentException("there is no picture", nameof(images));
        (int cellWidth, int cellHeight) = (images.Max(image => image.Width) + gap, images.Max(image => image.Height) + gap);
        columns = Math.Min(columns, images.Count);
        int rows = (images.Count + columns - 1) / columns;
        int width = checked((columns * cellWidth) - gap), height = checked((rows * cellHeight) - gap);
        var pixels = new byte[checked(3 * width * height)];
        Array.Fill(pixels, Background);
        for (int i = 0; i < images.Count; i++)
        {
            int rowBytes = 3 * images[i].Width;
            for (int y = 0; y < images[i].Height; y++)
            {
                int target = (((i / columns * cellHeight) + y) * width) + (i % columns * cellWidth);
                images[i].Pixels.Span.Slice(y * rowBytes, rowBytes).CopyTo(pixels.AsSpan(3 * target));
            }
        }
        return new Image(width, height, pixels);
    }

    /// <summary>So many of the frames, evenly spaced, the first and the last among them.</summary>
    public static IReadOnlyList<Image> Pick(IReadOnlyList<Image> frames, int count) => count >= frames.Count || count < 2
        ? [.. frames.Take(count)]
        : [.. Enumerable.Range(0, count).Select(i => frames[i * (frames.Count - 1) / (count - 1)])];
}
