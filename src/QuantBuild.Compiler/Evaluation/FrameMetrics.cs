using QuantBuild.Imaging;
using QuantBuild.Kernels;

namespace QuantBuild.Compiler.Evaluation;

/// <summary>How far pictures are from each other.</summary>
internal static class FrameMetrics
{
    private const int Window = 8;
    private const int WindowStep = 4;

    // Wang et al., "Image Quality Assessment: From Error Visibility to Structural Similarity": (0.01 L)² and (0.03 L)² with L = 255.
    private const double MeanFloor = 6.5025;
    private const double VarianceFloor = 58.5225;

    /// <summary>Peak signal-to-noise ratio in decibels over all frames and colours; infinite for equal frames.</summary>
    /// <exception cref="ArgumentException">Numbers or sizes of frames differ, or there is none.</exception>
    public static double Psnr(IReadOnlyList<Image> frames, IReadOnlyList<Image> reference)
    {
        Check(frames, reference);
        (double sum, long count) = (0, 0);
        for (int i = 0; i < frames.Count; i++)
        {
            ReadOnlySpan<byte> a = frames[i].Pixels.Span, b = reference[i].Pixels.Span;
            long squares = 0;
            for (int k = 0; k < a.Length; k++)
                squares += (a[k] - b[k]) * (a[k] - b[k]);
            sum += squares;
            count += a.Length;
        }
        return sum == 0 ? double.PositiveInfinity : 10 / DeterministicMath.Log(10) * DeterministicMath.Log(255.0 * 255.0 * count / sum);
    }

    /// <summary>
    /// Structural similarity of the luminance, the mean over all frames and windows of 8 x 8 pixels, four apart; 1 for equal frames.
    /// </summary>
    /// <exception cref="ArgumentException">
    /// Numbers or sizes of frames differ, there is none, or frames are smaller than a window.
    /// </exception>
    public static double Ssim(IReadOnlyList<Image> frames, IReadOnlyList<Image> reference)
    {
        Check(frames, reference);
        if (frames[0].Width < Window || frames[0].Height < Window)
            throw new ArgumentException($"frames of {frames[0].Width}x{frames[0].Height} are smaller than a window of {Window}x{Window}");
        (double sum, int count) = (0, 0);
        for (int i = 0; i < frames.Count; i++)
        {
            double[] a = Luminance(frames[i]), b = Luminance(reference[i]);
            for (int y = 0; y <= frames[i].Height - Window; y += WindowStep)
            {
                for (int x = 0; x <= frames[i].Width - Window; x += WindowStep, count++)
                    sum += Similarity(a, b, (y * frames[i].Width) + x, frames[i].Width);
            }
        }
        return sum / count;
    }

    /// <summary>Mean absolute difference of neighbouring frames, in steps of 255: how much a video flickers and moves.</summary>
    /// <exception cref="ArgumentException">Sizes of frames differ.</exception>
    public static double Flicker(IReadOnlyList<Image> frames)
    {
        if (frames.Count < 2)
            return 0;
        Check([.. frames.Skip(1)], [.. frames.SkipLast(1)]);
        (long sum, long count) = (0, 0);
        for (int i = 1; i < frames.Count; i++)
        {
            ReadOnlySpan<byte> a = frames[i].Pixels.Span, b = frames[i - 1].Pixels.Span;
            for (int k = 0; k < a.Length; k++)
                sum += Math.Abs(a[k] - b[k]);
            count += a.Length;
        }
        return (double)sum / count;
    }

    private static double Similarity(double[] a, double[] b, int first, int width)
    {
        (double sumA, double sumB, double squaresA, double squaresB, double products) = (0, 0, 0, 0, 0);
        for (int row = 0; row < Window; row++)
        {
            for (int i = first + (row * width); i < first + (row * width) + Window; i++)
            {
                sumA += a[i];
                sumB += b[i];
                squaresA += a[i] * a[i];
                squaresB += b[i] * b[i];
                products += a[i] * b[i];
            }
        }
        const int Count = Window * Window;
        (double meanA, double meanB) = (sumA / Count, sumB / Count);
        double variances = ((squaresA + squaresB) / Count) - (meanA * meanA) - (meanB * meanB),
            covariance = (products / Count) - (meanA * meanB);
        return ((2 * meanA * meanB) + MeanFloor) * ((2 * covariance) + VarianceFloor)
            / (((meanA * meanA) + (meanB * meanB) + MeanFloor) * (variances + VarianceFloor));
    }

    private static double[] Luminance(Image image)
    {
        var luminance = new double[image.Width * image.Height];
        ReadOnlySpan<byte> pixels = image.Pixels.Span;
        for (int i = 0; i < luminance.Length; i++)
            luminance[i] = (0.299 * pixels[3 * i]) + (0.587 * pixels[(3 * i) + 1]) + (0.114 * pixels[(3 * i) + 2]);
        return luminance;
    }

    private static void Check(IReadOnlyList<Image> frames, IReadOnlyList<Image> reference)
    {
        bool isAlike = frames.Count == reference.Count && frames.Count > 0
            && frames.Concat(reference).All(frame => frame.Width == frames[0].Width && frame.Height == frames[0].Height);
        if (!isAlike)
            throw new ArgumentException($"{frames.Count} frames cannot be compared with {reference.Count}, or their sizes differ");
    }
}
