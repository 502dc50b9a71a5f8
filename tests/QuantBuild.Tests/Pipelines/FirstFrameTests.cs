using QuantBuild.Imaging;
using QuantBuild.Models.Vae;
using QuantBuild.Pipelines;
using QuantBuild.SafeTensors;
using QuantBuild.Tests.Models.Vae;

namespace QuantBuild.Tests.Pipelines;

public class FirstFrameTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(5)]
    public void Conditions_of_the_calibration_set_come_out_of_its_pictures(int sample)
    {
        using SafeTensorsFile set = SafeTensorsFile.Open(TestData.TinyWan("calibration.safetensors"));
        Image image = Image.Load(TestData.TinyWan("calibration", "images", $"{sample:000}.png"));
        float[] expected = set.ReadFloat32($"sample.{sample:000}.y");

        float[] condition = FirstFrame.Condition(TinyVae.Model, image, new VideoShape(17, 64, 96), threads: 2,
            TestContext.Current.CancellationToken);

        int mask = 4 * 5 * 8 * 12;
        Assert.Equal(expected[..mask], condition[..mask]);
        Close.Assert(expected.AsSpan(mask), condition.AsSpan(mask), 1e-5);
    }

    [Theory]
    [InlineData(1280, 720, 480 * 832, 464, 832)]
    [InlineData(720, 1280, 480 * 832, 832, 464)]
    [InlineData(1280, 720, 720 * 1280, 720, 1280)]
    [InlineData(100, 100, 480 * 832, 624, 624)]
    [InlineData(96, 64, 64 * 96, 64, 96)]
    public void The_size_has_the_pictures_aspect_and_whole_tokens(int width, int height, int area, int expectedHeight, int expectedWidth) =>
        Assert.Equal(new VideoShape(81, expectedHeight, expectedWidth), FirstFrame.SizeFor(width, height, area, 81));

    [Theory]
    [InlineData(1, 64 * 96, 16)]
    [InlineData(1000, 64 * 96, 17)]
    public void An_impossible_size_is_refused(int width, int area, int frames) =>
        Assert.Throws<ArgumentException>(() => FirstFrame.SizeFor(width, 1, area, frames));
}
