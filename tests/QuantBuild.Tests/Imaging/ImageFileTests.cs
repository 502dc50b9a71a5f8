using System.Security.Cryptography;
using QuantBuild.Imaging;

namespace QuantBuild.Tests.Imaging;

/// <summary>Loading of files of every kind, and what it refuses.</summary>
public class ImageFileTests
{
    [Theory]
    [InlineData("lossless.webp")]
    [InlineData("lossless.bmp")]
    public void Lossless_files_have_the_pixels_that_they_were_made_of(string name) =>
        Assert.Equal(Image.Load(TestImages.PathOf("baseline-444.jpg")).Pixels.ToArray(),
            Image.Load(TestImages.PathOf(name)).Pixels.ToArray());

    [Fact]
    public void A_GIF_file_is_read_as_ffmpeg_does() =>
        Assert.Equal("b07da3a9632e879555ca39ceb1cfa730665df00e43f3922dc191a2285eee37b8",
            Convert.ToHexStringLower(SHA256.HashData(Image.Load(TestImages.PathOf("palette.gif")).Pixels.Span)));

    [Fact]
    public void The_first_bytes_decide_and_not_the_name()
    {
        Image image = Image.Load(TestImages.PathOf("renamed-webp.png"));
        Assert.Equal((256, 192), (image.Width, image.Height));
        Assert.Equal("WebP", ImageFile.ReadHeader(TestImages.Read("renamed-webp.png")).Kind);
    }

    [Theory]
    [InlineData("lossless.webp", 0)]
    [InlineData("palette.gif", 2)]
    [InlineData("lossless.bmp", 0)]
    public void A_file_that_ends_early_is_an_error_wherever_it_ends(string name, int unneeded)
    {
        byte[] whole = TestImages.Read(name);
        for (int length = 0; length < whole.Length - unneeded; length++)
            Assert.Throws<InvalidDataException>(() => ImageFile.Decode(whole.AsSpan(0, length)));
    }

    [Theory]
    [InlineData("lossless.webp")]
    [InlineData("palette.gif")]
    [InlineData("lossless.bmp")]
    public void A_damaged_file_is_an_error_or_a_picture_but_never_another_exception(string name)
    {
        var random = new Random(42);
        byte[] whole = TestImages.Read(name);
        for (int round = 0; round < 1000; round++)
        {
            byte[] file = [.. whole];
            for (int i = 0; i < random.Next(1, 5); i++)
                file[random.Next(file.Length)] = (byte)random.Next(256);
            try
            {
                ImageFile.Decode(file, memoryLimit: 64 << 20);
            }
            catch (InvalidDataException)
            {
                // The expected answer.
            }
        }
    }

    [Theory]
    [InlineData("II*\0........", "a TIFF file")]
    [InlineData("\0\0\0\u0018ftypheic....", "a HEIC file")]
    [InlineData("\0\0\0\u0018ftypavif....", "an AVIF file")]
    [InlineData("\0\0\0\u0018ftypisom....", "an MP4 or QuickTime video")]
    [InlineData("PK\u0003\u0004......", "a zip archive")]
    [InlineData("version https://git-lfs.github.com/spec/v1\noid", "a pointer of Git LFS")]
    [InlineData("<!DOCTYPE html><html>", "a web page")]
    [InlineData("<?xml version=\"1.0\"?><svg xmlns=\"a\">", "an SVG drawing")]
    [InlineData("{\"id\": 0}", "JSON")]
    [InlineData("hello", "a text file")]
    [InlineData("", "an empty file")]
    [InlineData("\u00ff\u0001\u0002\u0003", "no picture of a known kind")]
    public void A_file_of_another_kind_is_refused_by_what_it_is(string start, string name)
    {
        byte[] file = System.Text.Encoding.Latin1.GetBytes(start);
        string message = Assert.Throws<InvalidDataException>(() => ImageFile.Decode(file)).Message;
        Assert.Contains(name, message, StringComparison.Ordinal);
        Assert.Contains("WebP", message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_refused_file_is_named()
    {
        string path = TestData.TinyWan("calibration.jsonl");
        Assert.StartsWith(path, Assert.Throws<InvalidDataException>(() => Image.Load(path)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("bomb-thin.jpg")]
    [InlineData("progressive-420.jpg")]
    [InlineData("lossless.webp")]
    public void The_memory_of_decoding_is_known_from_the_header_and_refused_before(string name)
    {
        byte[] file = TestImages.Read(name);
        ImageHeader header = ImageFile.ReadHeader(file);
        Assert.True(header.DecodingBytes > 7L * header.Width * header.Height);
        Assert.Contains($"{header.Width}x{header.Height}",
            Assert.Throws<InvalidDataException>(() => ImageFile.Decode(file, header.DecodingBytes - 1)).Message, StringComparison.Ordinal);
        Assert.Equal(header.Width, ImageFile.Decode(file, header.DecodingBytes).Width);
    }

    [Fact]
    public void A_picture_larger_than_any_camera_makes_is_refused_from_its_header()
    {
        byte[] file = TestImages.Read("grey.jpg");
        int frame = file.AsSpan().IndexOf((ReadOnlySpan<byte>)[0xFF, 0xC0]);
        file.AsSpan(frame + 5, 4).Fill(0xFE);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Contains("65278x65278 pixels", Assert.Throws<InvalidDataException>(() => ImageFile.Decode(file)).Message,
            StringComparison.Ordinal);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1 << 20);
    }

    [Fact]
    public void An_endless_file_is_refused() => Assert.Contains("larger than any picture", Assert.Throws<InvalidDataException>(() =>
    {
        using var endless = new EndlessStream();
        ImageFile.ReadBytes(endless);
    }).Message, StringComparison.Ordinal);

    [Fact]
    public void The_decoder_is_named_with_its_version() => Assert.Matches(@"^SkiaSharp \d+\.\d+\.\d+$", ImageFile.Decoder);

    private sealed class EndlessStream : MemoryStream
    {
        public override bool CanSeek => false;

        public override int Read(Span<byte> buffer) => buffer.Length;
    }
}
