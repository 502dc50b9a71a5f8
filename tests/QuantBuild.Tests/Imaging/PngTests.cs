using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;
using QuantBuild.Imaging;

namespace QuantBuild.Tests.Imaging;

public class PngTests
{
    [Fact]
    public void A_picture_reads_back_as_it_was_written()
    {
        Image image = TestImages.Gradient(13, 7);
        Assert.Equal(image.Pixels.ToArray(), ImageFile.Decode(TestImages.Png(image)).Pixels.ToArray());
    }

    [Fact]
    public void An_animation_reads_as_its_first_frame_and_numbers_its_chunks()
    {
        Image[] frames = [TestImages.Gradient(5, 4), new(5, 4, new byte[60]), TestImages.Gradient(5, 4)];
        using var stream = new MemoryStream();
        PngWriter.WriteAnimation(stream, frames, framesPerSecond: 16);

        Assert.Equal(frames[0].Pixels.ToArray(), ImageFile.Decode(stream.ToArray()).Pixels.ToArray());
        (string Type, byte[] Data)[] chunks = [.. Chunks(stream.ToArray())];
        Assert.Equal(["IHDR", "acTL", "fcTL", "IDAT", "fcTL", "fdAT", "fcTL", "fdAT", "IEND"], chunks.Select(chunk => chunk.Type));
        Assert.Equal([0, 1, 2, 3, 4], chunks.Where(chunk => chunk.Type is "fcTL" or "fdAT")
            .Select(chunk => BinaryPrimitives.ReadInt32BigEndian(chunk.Data)));
        Assert.Equal(3, BinaryPrimitives.ReadInt32BigEndian(chunks[1].Data));
    }

    public static TheoryData<int, int, bool> Kinds()
    {
        var kinds = new TheoryData<int, int, bool>();
        foreach ((int colour, int[] depths) in ((int, int[])[])[(0, [1, 2, 4, 8, 16]), (2, [8, 16]), (3, [1, 2, 4, 8]), (4, [8, 16]),
            (6, [8, 16])])
        {
            foreach (int depth in depths)
            {
                kinds.Add(colour, depth, false);
                kinds.Add(colour, depth, true);
            }
        }
        return kinds;
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Every_colour_type_depth_and_interlacing_is_read(int colour, int depth, bool interlaced)
    {
        const int Width = 19, Height = 11;
        int samples = colour switch { 2 => 3, 4 => 2, 6 => 4, _ => 1 }, largest = (1 << depth) - 1;
        int Sample(int x, int y, int c) => ((x * 7919) + (y * 104729) + (c * 1299709)) % (largest + 1);
        byte[] palette = [.. Enumerable.Range(0, 3 * Math.Min(256, largest + 1)).Select(i => (byte)(i * 37))];

        byte[] file = PngSpecification.Encode(Width, Height, colour, depth, interlaced, palette, samples, Sample);
        Image image = ImageFile.Decode(file);

        for (int i = 0; i < Width * Height; i++)
        {
            (int y, int x) = Math.DivRem(i, Width);
            for (int c = 0; c < 3; c++)
            {
                int sample = Sample(x, y, samples >= 3 ? c : 0);
                // Of sixteen bits the upper eight count, as in the official pipeline's image library.
                int expected = colour == 3 ? palette[(3 * sample) + c] : depth == 16 ? sample >> 8 : sample * 255 / largest;
                Assert.Equal(expected, image.Pixels.Span[(3 * i) + c]);
            }
        }
    }

    [Fact]
    public void Pictures_of_the_calibration_set_are_read()
    {
        Image image = Image.Load(TestData.TinyWan("calibration", "images", "000.png"));
        Assert.Equal((96, 64), (image.Width, image.Height));
    }

    [Fact]
    public void A_damaged_file_is_an_error_or_a_picture_but_never_another_exception()
    {
        var random = new Random(42);
        byte[] whole = TestImages.Png(TestImages.Gradient(9, 9));
        for (int round = 0; round < 3000; round++)
        {
            byte[] file = whole[..(round % 3 == 0 ? random.Next(whole.Length) : whole.Length)];
            for (int i = 0; i < random.Next(1, 5) && file.Length > 0; i++)
                file[random.Next(file.Length)] = (byte)random.Next(256);
            if (round % 2 == 0)
                FixChecksums(file);
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

    [Fact]
    public void A_changed_byte_is_an_error_or_changes_nothing()
    {
        byte[] whole = TestImages.Read("baseline-444.png");
        byte[] pixels = ImageFile.Decode(whole).Pixels.ToArray();
        for (int i = 0; i < whole.Length; i++)
        {
            byte[] file = [.. whole];
            file[i] ^= 0x10;
            try
            {
                Assert.Equal(pixels, ImageFile.Decode(file, memoryLimit: 64 << 20).Pixels.ToArray());
            }
            catch (InvalidDataException)
            {
                // The expected answer: every byte of the picture is under a checksum.
            }
        }
    }

    [Fact]
    public void A_file_that_ends_early_is_an_error_unless_only_what_follows_the_picture_is_missing()
    {
        byte[] whole = TestImages.Read("grey.png");
        byte[] pixels = ImageFile.Decode(whole).Pixels.ToArray();
        const int AfterPicture = 12 + 12;
        for (int length = 0; length < whole.Length; length++)
        {
            if (length < whole.Length - AfterPicture)
                Assert.Throws<InvalidDataException>(() => ImageFile.Decode(whole.AsSpan(0, length)));
            else if (length > whole.Length - 12)
                Assert.Equal(pixels, ImageFile.Decode(whole.AsSpan(0, length)).Pixels.ToArray());
        }
    }

    [Fact]
    public void A_wrong_checksum_of_the_decompressed_picture_is_told() =>
        Assert.Contains("damaged", Assert.Throws<InvalidDataException>(() => Image.Load(TestImages.PathOf("adler.png"))).Message,
            StringComparison.Ordinal);

    [Fact]
    public void A_small_file_cannot_claim_a_large_picture()
    {
        byte[] file = TestImages.Png(TestImages.Gradient(3, 3));
        BinaryPrimitives.WriteInt32BigEndian(file.AsSpan(16), 11000);
        BinaryPrimitives.WriteInt32BigEndian(file.AsSpan(20), 11000);
        FixChecksums(file);
        Assert.Contains("11000x11000", Assert.Throws<InvalidDataException>(() => ImageFile.Decode(file, memoryLimit: 600 << 20)).Message,
            StringComparison.Ordinal);
        Assert.Contains("ends early", Assert.Throws<InvalidDataException>(() => ImageFile.Decode(file)).Message, StringComparison.Ordinal);
    }

    private static IEnumerable<(string Type, byte[] Data)> Chunks(byte[] file)
    {
        for (int at = 8; at < file.Length;)
        {
            int length = BinaryPrimitives.ReadInt32BigEndian(file.AsSpan(at));
            yield return (Encoding.ASCII.GetString(file, at + 4, 4), file[(at + 8)..(at + 8 + length)]);
            at += 12 + length;
        }
    }

    private static void FixChecksums(byte[] file)
    {
        for (int at = 8; at + 12 <= file.Length;)
        {
            long length = BinaryPrimitives.ReadUInt32BigEndian(file.AsSpan(at));
            if (at + 12 + length > file.Length)
                return;
            int end = at + 8 + (int)length;
            BinaryPrimitives.WriteUInt32BigEndian(file.AsSpan(end),
                PngWriter.Checksum(file.AsSpan(at + 4, 4), file.AsSpan(at + 8, (int)length)));
            at = end + 4;
        }
    }
}
