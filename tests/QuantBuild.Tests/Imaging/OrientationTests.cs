using QuantBuild.Imaging;

namespace QuantBuild.Tests.Imaging;

/// <summary>The orientation that a camera records.</summary>
public class OrientationTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    [InlineData(7)]
    [InlineData(8)]
    public void A_picture_is_seen_as_it_was_taken(int orientation)
    {
        byte[] file = TestImages.Read("exif-6.jpg");
        // The entry of an orientation: its tag, a 16-bit number, one of them.
        int at = file.AsSpan().IndexOf((ReadOnlySpan<byte>)[0x01, 0x12, 0, 3, 0, 0, 0, 1]);
        bool isBig = at >= 0;
        at = isBig ? at : file.AsSpan().IndexOf((ReadOnlySpan<byte>)[0x12, 0x01, 3, 0, 1, 0, 0, 0]);
        Assert.Equal(6, isBig ? file[at + 9] : file[at + 8]);
        file[isBig ? at + 9 : at + 8] = 1;
        Image stored = ImageFile.Decode(file);
        file[isBig ? at + 9 : at + 8] = (byte)orientation;

        Image seen = ImageFile.Decode(file);

        Image expected = Seen(stored, orientation);
        Assert.Equal((expected.Width, expected.Height), (seen.Width, seen.Height));
        Assert.Equal(expected.Pixels.ToArray(), seen.Pixels.ToArray());
        ImageHeader header = ImageFile.ReadHeader(file);
        Assert.Equal((expected.Width, expected.Height), (header.Width, header.Height));
    }

    // An EXIF block that says 6: a quarter clockwise.
    private static readonly byte[] Quarter = [.. "MM\0*"u8, 0, 0, 0, 8, 0, 1, 0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, 6, 0, 0, 0, 0, 0, 0];

    [Fact]
    public void A_PNG_file_may_have_one_too()
    {
        Image stored = TestImages.Gradient(5, 3);
        byte[] file = TestImages.Png(stored);
        byte[] chunk = PngSpecification.ChunkOf("eXIf", Quarter);
        const int AfterHeader = 8 + 12 + 13;
        Image seen = ImageFile.Decode([.. file[..AfterHeader], .. chunk, .. file[AfterHeader..]]);
        Assert.Equal(Seen(stored, 6).Pixels.ToArray(), seen.Pixels.ToArray());
    }

    [Fact]
    public void A_WebP_file_may_have_one_too()
    {
        byte[] simple = TestImages.Read("lossless.webp");
        Image stored = ImageFile.Decode(simple);
        // An extended file: flags (EXIF is 8), three empty bytes, width and height less one in three bytes each; then the picture's chunk,
        // then EXIF.
        byte[] extended = [.. "VP8X"u8, 10, 0, 0, 0, 8, 0, 0, 0, (byte)(stored.Width - 1), 0, 0, (byte)(stored.Height - 1), 0, 0];
        byte[] exif = [.. "EXIF"u8, (byte)Quarter.Length, 0, 0, 0, .. Quarter];
        byte[] chunks = [.. "WEBP"u8, .. extended, .. simple[12..], .. exif];
        byte[] file = [.. "RIFF"u8, .. BitConverter.GetBytes(chunks.Length), .. chunks];
        Assert.Equal(Seen(stored, 6).Pixels.ToArray(), ImageFile.Decode(file).Pixels.ToArray());
    }

    /// <summary>EXIF 2.32, 4.6.4, tag 0x0112: by quarter turns and mirroring.</summary>
    private static Image Seen(Image image, int orientation) => orientation switch
    {
        1 => image,
        2 => Mirror(image),
        3 => Turn(Turn(image)),
        4 => Mirror(Turn(Turn(image))),
        5 => Mirror(Turn(image)),
        6 => Turn(image),
        7 => Mirror(Turn(Turn(Turn(image)))),
        _ => Turn(Turn(Turn(image))),
    };

    private static Image Mirror(Image image) => TestImages.Map(image, image.Width, image.Height, (x, y) => (image.Width - 1 - x, y));

    /// <summary>A quarter clockwise.</summary>
    private static Image Turn(Image image) => TestImages.Map(image, image.Height, image.Width, (x, y) => (y, image.Height - 1 - x));
}
