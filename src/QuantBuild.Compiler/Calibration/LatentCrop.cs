using QuantBuild.Compiler.Manifests;
using QuantBuild.Models;

namespace QuantBuild.Compiler.Calibration;

/// <summary>The part of a sample that calibration with small latents uses: its first frames, and the middle of each.</summary>
/// <remarks>
/// A part of white noise is white noise. The condition holds a mask and the encoded first frame: its first frames are the condition of the
/// shorter video, since the encoder looks back in time only, and its middle is that of the picture's middle but for the encoder's view
/// across the edge.
/// </remarks>
internal static class LatentCrop
{
    /// <summary>Size of what remains.</summary>
    public static LatentShape Of(LatentShape shape, LatentSection? part) => part is null ? shape : new LatentShape(
        Math.Min(shape.Frames, part.Frames ?? shape.Frames), Math.Min(shape.Height, part.Height ?? shape.Height),
            Math.Min(shape.Width, part.Width ?? shape.Width));

    /// <summary>
    /// The sample, or the part of it; its digest stays that of the whole, and the size of the part is an option of the action.
    /// </summary>
    public static CalibrationSample Of(CalibrationSample sample, LatentSection? part)
    {
        LatentShape shape = Of(sample.Shape, part);
        return shape == sample.Shape ? sample : sample with { Shape = shape, Read = () => Crop(sample.Read(), sample.Shape, shape) };
    }

    private static SampleTensors Crop(SampleTensors whole, LatentShape from, LatentShape to) =>
        new(Crop(whole.Noise, from, to), Crop(whole.Condition, from, to), whole.Context, whole.ContextTokens);

    private static float[] Crop(float[] values, LatentShape from, LatentShape to)
    {
        int channels = values.Length / from.Volume;
        // From an even place on, so that patches stay whole.
        int top = (from.Height - to.Height) / 4 * 2, left = (from.Width - to.Width) / 4 * 2;
        var result = new float[channels * to.Volume];
        int next = 0;
        for (int channel = 0; channel < channels; channel++)
        {
            for (int frame = 0; frame < to.Frames; frame++)
            {
                for (int row = 0; row < to.Height; row++, next += to.Width)
                {
                    int start = (((((channel * from.Frames) + frame) * from.Height) + top + row) * from.Width) + left;
                    values.AsSpan(start, to.Width).CopyTo(result.AsSpan(next));
                }
            }
        }
        return result;
    }
}
