using QuantBuild.Imaging;

namespace QuantBuild.Tests.Imaging;

/// <summary>The files were written by ImageMagick with libjpeg-turbo, and the PNG files beside them are what the two decode.</summary>
public class JpegTests
{
    private static string FileOf(string name) => Path.Combine(TestData.Root, "tests", "QuantBuild.Tests", "Imaging", "Files", name);

    [Theory]
    [InlineData("baseline-444", 0.6)]
    [InlineData("baseline-420", 0.6)]
    [InlineData("progressive-420", 0.6)]
    [InlineData("progressive-422", 0.6)]
    [InlineData("grey", 0.1)]
    public void Pictures_decode_as_other_decoders_have_it(string name, double meanDifference)
    {
        Image expected = Image.Load(FileOf(name + ".png")), image = Image.Load(FileOf(name + ".jpg"));
        Assert.Equal((expected.Width, expected.Height), (image.Width, image.Height));
        int[] differences = [.. Enumerable.Range(0, image.Pixels.Length).Select(i => Math.Abs(expected.Pixels.Span[i] - image.Pixels.Span[i]))];
        TestContext.Current.TestOutputHelper!.WriteLine($"mean {differences.Average():F3}, most {differences.Max()}");
        Assert.InRange(differences.Average(), 0, meanDifference);
        Assert.InRange(differences.Max(), 0, 3);
    }

    [Fact]
    public void Progressive_and_baseline_files_of_one_picture_decode_to_the_same_pixels() =>
        Assert.Equal(Image.Load(FileOf("baseline-420.jpg")).Pixels.ToArray(), Image.Load(FileOf("progressive-420.jpg")).Pixels.ToArray());

    [Theory]
    [InlineData("baseline-420")]
    [InlineData("progressive-422")]
    public void A_damaged_file_is_an_error_or_a_picture_but_never_another_exception(string name)
    {
        var random = new Random(42);
        byte[] whole = File.ReadAllBytes(FileOf(name + ".jpg"));
        for (int round = 0; round < 2000; round++)
        {
            byte[] file = whole[..(round % 3 == 0 ? random.Next(4, whole.Length) : whole.Length)];
            for (int i = 0; i < random.Next(1, 5); i++)
                file[random.Next(3, file.Length)] = (byte)random.Next(256);
            try
            {
                Jpeg.Read(file);
            }
            catch (InvalidDataException)
            {
                // The expected answer.
            }
        }
    }

    [Fact]
    public void A_small_file_cannot_claim_a_large_picture()
    {
        byte[] file = File.ReadAllBytes(FileOf("grey.jpg"));
        int frame = file.AsSpan().IndexOf((ReadOnlySpan<byte>)[0xFF, 0xC0]);
        file.AsSpan(frame + 5, 4).Fill(0x2F);
        Assert.Contains("pixels in a file of", Assert.Throws<InvalidDataException>(() => Jpeg.Read(file)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Other_coding_processes_are_refused_by_name()
    {
        byte[] file = File.ReadAllBytes(FileOf("grey.jpg"));
        file[file.AsSpan().IndexOf((ReadOnlySpan<byte>)[0xFF, 0xC0]) + 1] = 0xC9;
        Assert.Contains("0xC9", Assert.Throws<InvalidDataException>(() => Jpeg.Read(file)).Message, StringComparison.Ordinal);
    }
}
