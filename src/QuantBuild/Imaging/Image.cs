namespace QuantBuild.Imaging;

/// <summary>A picture of three colours with eight bits each.</summary>
public sealed class Image
{
    // Beyond any camera, and small enough that sizes computed from it fit their types.
    internal const long MostPixels = 1L << 27;

    /// <summary>Takes pixels, which are not copied.</summary>
    /// <param name="width">Width in pixels.</param>
    /// <param name="height">Height in pixels.</param>
    /// <param name="pixels">Red, green, blue of every pixel, row by row.</param>
    /// <exception cref="ArgumentException">The pixels are not as many as the size says.</exception>
    public Image(int width, int height, byte[] pixels)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 1);
        if (pixels.Length != 3L * width * height)
            throw new ArgumentException($"{pixels.Length} bytes are not {width}x{height} pixels of three colours");
        Width = width;
        Height = height;
        Pixels = pixels;
    }

    /// <summary>Width in pixels.</summary>
    public int Width { get; }

    /// <summary>Height in pixels.</summary>
    public int Height { get; }

    /// <summary>Red, green, blue of every pixel, row by row.</summary>
    public ReadOnlyMemory<byte> Pixels { get; }

    /// <summary>Whether all pixels have one colour.</summary>
    public bool IsUniform => Pixels.Span[3..].SequenceEqual(Pixels.Span[..^3]);

    /// <summary>Reads a PNG or JPEG file, told apart by their first bytes.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="InvalidDataException">It is neither, or damaged; the message says how.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static Image Load(string path)
    {
        byte[] file = File.ReadAllBytes(path);
        try
        {
            return Png.IsPng(file) ? Png.Read(file)
                : Jpeg.IsJpeg(file) ? Jpeg.Read(file)
                : throw new InvalidDataException("neither a PNG nor a JPEG file");
        }
        catch (InvalidDataException e)
        {
            throw new InvalidDataException($"{path}: {e.Message}", e);
        }
    }

    /// <summary>A frame of planes [3, height, width] in [-1, 1] as a picture; values beyond are clamped, others rounded to the nearest.</summary>
    public static Image FromPlanes(ReadOnlySpan<float> planes, int height, int width)
    {
        int area = height * width;
        var pixels = new byte[planes.Length];
        for (int i = 0; i < planes.Length; i++)
            pixels[(i % area * 3) + (i / area)] = (byte)MathF.Round(Math.Clamp((planes[i] + 1) * 127.5f, 0, 255));
        return new Image(width, height, pixels);
    }
}
