using QuantBuild.Kernels;

namespace QuantBuild.Imaging;

/// <summary>Turns the coefficients of a JPEG picture into pixels.</summary>
internal static class JpegPixels
{
    // Row u holds the values of cos((2x + 1) u pi / 16) / 2, the first row divided by the square root of two.
    private static readonly float[] Cosines =
        [.. Enumerable.Range(0, 64).Select(i => (float)(DeterministicMath.Cos(((2 * (i % 8)) + 1) * (i / 8) * Math.PI / 16) * (i < 8 ? Math.Sqrt(0.125) : 0.5)))];

    /// <param name="frame">The picture; every colour has been read.</param>
    /// <param name="isRgb">Whether three colours are red, green and blue, and not luminance and two differences.</param>
    public static Image Of(JpegFrame frame, bool isRgb)
    {
        float[][] planes = [.. frame.Components.Select(component => Enlarge(frame, component, Samples(component)))];
        var pixels = new byte[checked(3 * frame.Width * frame.Height)];
        for (int i = 0; i < planes[0].Length; i++)
        {
            float y = planes[0][i];
            (float red, float green, float blue) = (y, y, y);
            if (planes.Length == 3)
            {
                (float cb, float cr) = (planes[1][i] - 128, planes[2][i] - 128);
                (red, green, blue) = isRgb
                    ? (y, planes[1][i], planes[2][i])
                    : (y + (1.402f * cr), y - (0.344136286f * cb) - (0.714136286f * cr), y + (1.772f * cb));
            }
            (pixels[3 * i], pixels[(3 * i) + 1], pixels[(3 * i) + 2]) = (EightBits(red), EightBits(green), EightBits(blue));
        }
        return new Image(frame.Width, frame.Height, pixels);
    }

    private static byte EightBits(float value) => (byte)MathF.Round(Math.Clamp(value, 0, 255));

    /// <summary>The inverse cosine transform of every block, rounded to whole samples as the standard has it.</summary>
    private static float[] Samples(JpegComponent component)
    {
        if (component.Steps is null)
            throw new InvalidDataException($"colour {component.Id} is missing");
        int width = 8 * component.Stride;
        var samples = new float[width * 8 * component.StoredRows];
        Span<float> half = stackalloc float[64];
        for (int row = 0; row < component.StoredRows; row++)
        {
            for (int column = 0; column < component.Stride; column++)
                Transform(component.Block(row, column), component.Steps, half, samples.AsSpan((((8 * row) * component.Stride) + column) * 8), width);
        }
        return samples;
    }

    private static void Transform(ReadOnlySpan<short> block, float[] steps, Span<float> half, Span<float> samples, int width)
    {
        half.Clear();
        for (int v = 0; v < 8; v++)
        {
            for (int u = 0; u < 8; u++)
            {
                if (block[(8 * v) + u] == 0)
                    continue;
                float value = block[(8 * v) + u] * steps[(8 * v) + u];
                for (int x = 0; x < 8; x++)
                    half[(8 * v) + x] += value * Cosines[(8 * u) + x];
            }
        }
        for (int y = 0; y < 8; y++)
        {
            for (int x = 0; x < 8; x++)
            {
                float sum = 128;
                for (int v = 0; v < 8; v++)
                    sum += half[(8 * v) + x] * Cosines[(8 * v) + y];
                samples[(y * width) + x] = MathF.Round(Math.Clamp(sum, 0, 255));
            }
        }
    }

    /// <summary>A plane at the picture's size, by linear interpolation between the centres of samples.</summary>
    private static float[] Enlarge(JpegFrame frame, JpegComponent component, float[] samples)
    {
        int stride = 8 * component.Stride;
        int width = ((frame.Width * component.Across) + frame.Across - 1) / frame.Across, height = ((frame.Height * component.Down) + frame.Down - 1) / frame.Down;
        var plane = new float[checked(frame.Width * frame.Height)];
        for (int y = 0; y < frame.Height; y++)
        {
            (int top, int bottom, float down) = Between(y, component.Down, frame.Down, height);
            for (int x = 0; x < frame.Width; x++)
            {
                (int left, int right, float across) = Between(x, component.Across, frame.Across, width);
                float above = Mix(samples[(top * stride) + left], samples[(top * stride) + right], across);
                float below = Mix(samples[(bottom * stride) + left], samples[(bottom * stride) + right], across);
                plane[(y * frame.Width) + x] = Mix(above, below, down);
            }
        }
        return plane;
    }

    private static (int First, int Second, float Share) Between(int position, int samples, int most, int count)
    {
        float place = ((position + 0.5f) * samples / most) - 0.5f;
        int first = (int)MathF.Floor(place);
        return (Math.Clamp(first, 0, count - 1), Math.Clamp(first + 1, 0, count - 1), place - first);
    }

    private static float Mix(float first, float second, float share) => first + ((second - first) * share);
}
