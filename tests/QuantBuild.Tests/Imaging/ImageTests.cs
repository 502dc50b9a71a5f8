using QuantBuild.Imaging;
using QuantBuild.Tool.Videos;

namespace QuantBuild.Tests.Imaging;

public class ImageTests
{
    [Fact]
    public void Values_of_a_frame_are_clamped_and_rounded_to_the_nearest()
    {
        Image image = Image.FromPlanes([-2, 0.999f, 0, 1.5f, -1, (2 / 127.5f) - 1], height: 1, width: 2);
        Assert.Equal<byte>([0, 128, 0, 255, 255, 2], image.Pixels.ToArray());
    }

    [Fact]
    public void A_resize_to_the_same_size_changes_nothing()
    {
        Image image = Image.Load(TestData.TinyWan("calibration", "images", "001.png"));
        float[] planes = Bicubic.Resize(image, image.Height, image.Width);
        Assert.Equal(image.Pixels.ToArray(), Image.FromPlanes(planes, image.Height, image.Width).Pixels.ToArray());
        Assert.Equal((image.Pixels.Span[3] / 255f * 2) - 1, planes[1]);
    }

    [Fact]
    public void Enlarging_weighs_four_neighbours_by_the_cubic_kernel()
    {
        Image image = new(4, 1, [0, 0, 0, 255, 255, 255, 0, 0, 0, 0, 0, 0]);
        float[] row = Bicubic.Resize(image, 1, 8)[..8];
        for (int i = 0; i < 8; i++)
        {
            double position = ((i + 0.5) / 2) - 0.5, t = position - Math.Floor(position), distance = 1 - Math.Floor(position);
            double weight = distance switch { -1 => Kernel(t + 1), 0 => Kernel(t), 1 => Kernel(1 - t), 2 => Kernel(2 - t), _ => 0 };
            Assert.Equal((2 * weight) - 1, row[i], 1e-6);
        }
    }

    [Fact]
    public void A_contact_sheet_places_pictures_row_by_row()
    {
        Image black = new(2, 1, new byte[6]), white = new(2, 1, [255, 255, 255, 255, 255, 255]);
        Image sheet = ContactSheet.Arrange([black, white, black], columns: 2, gap: 1);
        Assert.Equal((5, 3), (sheet.Width, sheet.Height));
        Assert.Equal([0, 0, 255, 255, 255], Enumerable.Range(0, 5).Select(x => (int)sheet.Pixels.Span[3 * x]));
        Assert.Equal([0, 0, 255, 255, 255], Enumerable.Range(10, 5).Select(x => (int)sheet.Pixels.Span[3 * x]));
    }

    [Fact]
    public void Picked_frames_are_evenly_spaced_from_the_first_to_the_last()
    {
        Image[] frames = [.. Enumerable.Range(0, 17).Select(i => new Image(1, 1, [(byte)i, 0, 0]))];
        Assert.Equal([0, 4, 8, 12, 16], ContactSheet.Pick(frames, 5).Select(frame => (int)frame.Pixels.Span[0]));
    }

    /// <summary>Keys' cubic kernel with a = -0.75.</summary>
    private static double Kernel(double x) => x <= 1
        ? (1.25 * x * x * x) - (2.25 * x * x) + 1
        : (-0.75 * x * x * x) + (3.75 * x * x) - (6 * x) + 3;
}
