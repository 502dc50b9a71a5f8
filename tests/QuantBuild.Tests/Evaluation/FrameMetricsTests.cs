using QuantBuild.Compiler.Evaluation;
using QuantBuild.Imaging;

namespace QuantBuild.Tests.Evaluation;

public class FrameMetricsTests
{
    private static readonly Image Picture = Image.Load(TestData.TinyWan("eval", "images", "003.png"));

    [Fact]
    public void Equal_frames_are_infinitely_close_alike_and_do_not_flicker()
    {
        Assert.Equal(double.PositiveInfinity, FrameMetrics.Psnr([Picture], [Picture]));
        Assert.Equal(1, FrameMetrics.Ssim([Picture], [Picture]), 1e-12);
        Assert.Equal(0, FrameMetrics.Flicker([Picture, Picture]));
    }

    [Fact]
    public void A_difference_of_one_step_everywhere_is_48_decibels_and_flickers_by_one()
    {
        Image brighter =
            new(Picture.Width, Picture.Height, [.. Picture.Pixels.ToArray().Select(value => (byte)(value < 255 ? value + 1 : value - 1))]);
        Assert.Equal(48.1308, FrameMetrics.Psnr([brighter], [Picture]), 1e-4);
        Assert.Equal(1, FrameMetrics.Flicker([Picture, brighter, Picture]));
        Assert.InRange(FrameMetrics.Ssim([brighter], [Picture]), 0.95, 0.999999);
    }

    [Fact]
    public void An_inverted_picture_has_no_similar_structure()
    {
        Image inverted = new(Picture.Width, Picture.Height, [.. Picture.Pixels.ToArray().Select(value => (byte)(255 - value))]);
        Assert.True(FrameMetrics.Ssim([inverted], [Picture]) < 0);
    }

    [Fact]
    public void Frames_of_other_sizes_are_refused() =>
        Assert.Throws<ArgumentException>(() => FrameMetrics.Psnr([Picture], [new Image(1, 1, new byte[3])]));
}
