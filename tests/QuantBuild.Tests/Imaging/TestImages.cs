using QuantBuild.Imaging;

namespace QuantBuild.Tests.Imaging;

/// <summary>Picture files of the tests, and what is done with pixels there.</summary>
internal static class TestImages
{
    public static string PathOf(string name) => Path.Combine(TestData.Root, "tests", "QuantBuild.Tests", "Imaging", "Files", name);

    public static byte[] Read(string name) => File.ReadAllBytes(PathOf(name));

    public static byte[] Png(Image image)
    {
        using var stream = new MemoryStream();
        PngWriter.Write(stream, image);
        return stream.ToArray();
    }

    public static Image Gradient(int width, int height) =>
        new(width, height, [.. Enumerable.Range(0, 3 * width * height).Select(i => (byte)(i * 11))]);

    /// <summary>A picture whose pixel (x, y) is the pixel of another that a function names.</summary>
    public static Image Map(Image image, int width, int height, Func<int, int, (int X, int Y)> source)
    {
        var pixels = new byte[3 * width * height];
        for (int y = 0; y < height; y++)
        {
            for (int x = 0; x < width; x++)
            {
                (int fromX, int fromY) = source(x, y);
                image.Pixels.Span.Slice(3 * ((fromY * image.Width) + fromX), 3).CopyTo(pixels.AsSpan(3 * ((y * width) + x)));
            }
        }
        return new Image(width, height, pixels);
    }
}
