namespace QuantBuild.Imaging;

/// <summary>
/// Cubic interpolation with a = -0.75, without smoothing, pixel centres at halves: <c>interpolate(mode="bicubic")</c> of the official
/// pipeline.
/// </summary>
internal static class Bicubic
{
    private const double A = -0.75;

    /// <summary>
    /// Resizes a picture to planes [3, height, width]; values of a picture are in [-1, 1], and interpolation may go beyond.
    /// </summary>
    public static float[] Resize(Image image, int height, int width)
    {
        (int, float)[][] columns = Taps(image.Width, width), rows = Taps(image.Height, height);
        var planes = new float[checked(3 * height * width)];
        var lines = new float[4][];
        for (int y = 0; y < height; y++)
        {
            for (int i = 0; i < 4; i++)
                lines[i] = Line(image, rows[y][i].Item1, columns);
            for (int x = 0; x < 3 * width; x++)
            {
                float sum = 0;
                for (int i = 0; i < 4; i++)
                    sum += lines[i][x] * rows[y][i].Item2;
                planes[(((x % 3 * height) + y) * width) + (x / 3)] = sum;
            }
        }
        return planes;
    }

    /// <summary>A row of the picture at its new width, three colours per pixel.</summary>
    private static float[] Line(Image image, int row, (int Source, float Weight)[][] columns)
    {
        ReadOnlySpan<byte> source = image.Pixels.Span.Slice(3 * row * image.Width, 3 * image.Width);
        var line = new float[3 * columns.Length];
        for (int i = 0; i < line.Length; i++)
        {
            foreach ((int column, float weight) in columns[i / 3])
                line[i] += ((source[(3 * column) + (i % 3)] / 255f * 2) - 1) * weight;
        }
        return line;
    }

    /// <summary>The four pixels that every new one is made of; pixels beyond the edge are those of the edge.</summary>
    private static (int Source, float Weight)[][] Taps(int from, int to)
    {
        double scale = (double)from / to;
        var taps = new (int, float)[to][];
        for (int i = 0; i < to; i++)
        {
            double position = ((i + 0.5) * scale) - 0.5;
            int first = (int)Math.Floor(position);
            double t = position - first;
            double[] weights = [Far(t + 1), Near(t), Near(1 - t), Far(2 - t)];
            taps[i] = [.. weights.Select((weight, k) => (Math.Clamp(first - 1 + k, 0, from - 1), (float)weight))];
        }
        return taps;
    }

    private static double Near(double x) => ((((A + 2) * x) - (A + 3)) * x * x) + 1;

    private static double Far(double x) => (((((A * x) - (5 * A)) * x) + (8 * A)) * x) - (4 * A);
}
