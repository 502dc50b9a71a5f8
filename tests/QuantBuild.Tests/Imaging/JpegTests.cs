using System.Security.Cryptography;
using QuantBuild.Imaging;

namespace QuantBuild.Tests.Imaging;

/// <summary>
/// JPEG files of every process and colour model; expected pixels are those of djpeg, of libjpeg-turbo, unless a test says otherwise.
/// </summary>
public class JpegTests
{
    [Theory]
    [InlineData("baseline-444")]
    [InlineData("baseline-420")]
    [InlineData("progressive-420")]
    [InlineData("progressive-422")]
    [InlineData("grey")]
    public void Pictures_decode_as_other_decoders_have_it(string name) =>
        Assert.Equal(Image.Load(TestImages.PathOf(name + ".png")).Pixels.ToArray(),
            Image.Load(TestImages.PathOf(name + ".jpg")).Pixels.ToArray());

    [Theory]
    [InlineData("x-adobe0.jpg", "eb86bcb97b0c6645a701c02d3b05b48198eb9e611f63f18c67367685e96c46f9")]
    [InlineData("rgb-ids.jpg", "dae29acff77a4ffd3d8d093c8f350efdb76af88f8076adcbae70fa3b7bf3f9a4")]
    [InlineData("cmyk.jpg", "7d55c490ada97596f37d0af1b064418ab45f5ffb1e925c2f83ac8067c9735d8e")]
    [InlineData("arithmetic.jpg", "4c0dddbcd303ebffdf12b3e5dec4c39ba7fa8384b61aa67075f5a9b123c0a322")]
    [InlineData("arithmetic-progressive.jpg", "4c0dddbcd303ebffdf12b3e5dec4c39ba7fa8384b61aa67075f5a9b123c0a322")]
    public void Rare_colour_models_and_codings_have_the_right_colours(string name, string sha256) =>
        Assert.Equal(sha256, Convert.ToHexStringLower(SHA256.HashData(Image.Load(TestImages.PathOf(name)).Pixels.Span)));

    [Fact]
    public void Progressive_and_baseline_files_of_one_picture_decode_to_the_same_pixels() =>
        Assert.Equal(Image.Load(TestImages.PathOf("baseline-420.jpg")).Pixels.ToArray(),
            Image.Load(TestImages.PathOf("progressive-420.jpg")).Pixels.ToArray());

    [Theory]
    [InlineData("baseline-444.jpg")]
    [InlineData("progressive-422.jpg")]
    [InlineData("arithmetic-progressive.jpg")]
    public void A_file_that_ends_early_is_an_error_wherever_it_ends(string name)
    {
        byte[] whole = TestImages.Read(name);
        for (int length = 0; length < whole.Length; length++)
            Assert.Throws<InvalidDataException>(() => ImageFile.Decode(whole.AsSpan(0, length)));
    }

    [Theory]
    [InlineData("baseline-420.jpg")]
    [InlineData("progressive-422.jpg")]
    public void A_damaged_file_is_an_error_or_a_picture_but_never_another_exception(string name)
    {
        var random = new Random(42);
        byte[] whole = TestImages.Read(name);
        for (int round = 0; round < 2000; round++)
        {
            byte[] file = [.. whole];
            for (int i = 0; i < random.Next(1, 5); i++)
                file[random.Next(3, file.Length)] = (byte)random.Next(256);
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
}
