using QuantBuild.Compiler.Calibration;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Store;
using QuantBuild.Models;

namespace QuantBuild.Tests.Calibration;

public sealed class LatentCropTests
{
    private static readonly LatentShape Whole = new(3, 8, 10);

    [Fact]
    public void The_first_frames_and_the_middle_remain_from_an_even_place_on()
    {
        CalibrationSample cropped = LatentCrop.Of(Sample(), new LatentSection(2, 4, 6));

        SampleTensors tensors = cropped.Read();

        Assert.Equal(new LatentShape(2, 4, 6), cropped.Shape);
        // Element (channel 1, frame 1, row 0, column 0) of the part is (1, 1, 2, 2) of the whole.
        Assert.Equal((((((1 * 3) + 1) * 8) + 2) * 10) + 2, tensors.Noise[((1 * 2) + 1) * 24]);
        Assert.Equal(2 * 48, tensors.Noise.Length);
        Assert.Equal(3 * 48, tensors.Condition.Length);
    }

    [Fact]
    public void What_is_smaller_or_not_named_stays_as_it_is()
    {
        CalibrationSample sample = Sample();

        Assert.Same(sample, LatentCrop.Of(sample, null));
        Assert.Same(sample, LatentCrop.Of(sample, new LatentSection(9, null, 64)));
    }

    private static CalibrationSample Sample() =>
        new(0, "", Whole, Digest.Of([]), () => new SampleTensors(Numbers(2), Numbers(3), new float[4], 1));

    private static float[] Numbers(int channels) => [.. Enumerable.Range(0, channels * Whole.Volume).Select(i => (float)i)];
}
