namespace QuantBuild.Imaging;

/// <summary>A picture of three colours with eight bits each. The package QuantBuild.Imaging loads files.</summary>
public sealed class Image
{
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
    internal bool IsUniform => Pixels.Span[3..].SequenceEqual(Pixels.Span[..^3]);

    /// <summary>
    /// A frame of planes [3, height, width] in [-1, 1] as a picture; values beyond are clamped, others rounded to the nearest.
    /// </summary>
    internal static Image FromPlanes(ReadOnlySpan<float> planes, int height, int width)
    {
        int area = height * width;
        var pixels = new byte[planes.Length];
        for (int i = 0; i < planes.Length; i++)
            pixels[(i % area * 3) + (i / area)] = (byte)MathF.Round(Math.Clamp((planes[i] + 1) * 127.5f, 0, 255));
        return new Image(width, height, pixels);
    }
}
