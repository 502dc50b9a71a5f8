using QuantBuild.Kernels;

namespace QuantBuild.Tests.Kernels;

public class ConvolutionTests
{
    [Theory]
    [InlineData(3, 5, 3, 3, 1, 1, 1, 1, 1)]
    [InlineData(12, 12, 1, 3, 1, 2, 0, 1, 1)]
    [InlineData(4, 7, 1, 3, 1, 1, 1, 1, 2)]
    [InlineData(5, 10, 3, 1, 2, 1, 0, 0, 1)]
    [InlineData(48, 33, 1, 1, 1, 1, 0, 0, 1)]
    public void Every_output_is_one_chain_in_the_order_of_the_specification(
        int from, int to, int kernelFrames, int kernel, int strideFrames, int stride, int before, int after, int enlarge)
    {
        var shape = new ConvolutionShape(from, to, kernelFrames, kernel)
        {
            StrideFrames = strideFrames, Stride = stride, PadBefore = before, PadAfter = after, Enlarge = enlarge,
        };
        const int Frames = 5, Height = 10, Width = 14;
        var random = new Random(42);
        float[] x = Values(random, Frames * Height * Width * from), weight = Values(random, to * shape.Depth), bias = Values(random, to);

        float[] expected = Specification(shape, x, Frames, Height, Width, weight, bias);

        foreach (int threads in (int[])[1, 4])
        {
            float[] y = [.. Enumerable.Repeat(float.NaN, expected.Length)];
            Convolution.Apply(shape, x, Frames, Height, Width, Convolution.Reorder(shape, weight), bias, y, threads);
            Assert.Equal(expected, y);
        }
    }

    private static float[] Specification(ConvolutionShape s, float[] x, int frames, int height, int width, float[] weight, float[] bias)
    {
        var y = new List<float>();
        for (int frame = 0; frame < s.OutputFrames(frames); frame++)
        {
            for (int pixel = 0; pixel < s.OutputSize(height) * s.OutputSize(width); pixel++)
            {
                for (int output = 0; output < s.Out; output++)
                {
                    float sum = bias[output];
                    for (int tap = 0; tap < s.KernelFrames * s.Kernel * s.Kernel; tap++)
                    {
                        int t = (frame * s.StrideFrames) + (tap / (s.Kernel * s.Kernel));
                        int row = (pixel / s.OutputSize(width) * s.Stride) - s.PadBefore + (tap / s.Kernel % s.Kernel);
                        int column = (pixel % s.OutputSize(width) * s.Stride) - s.PadBefore + (tap % s.Kernel);
                        bool isPadding = row < 0 || column < 0 || row >= height * s.Enlarge || column >= width * s.Enlarge;
                        for (int input = 0; input < s.In; input++)
                        {
                            float value = isPadding
                                ? 0
                                : x[(((((t * height) + (row / s.Enlarge)) * width) + (column / s.Enlarge)) * s.In) + input];
                            sum = MathF.FusedMultiplyAdd(weight[(((output * s.In) + input) * s.Depth / s.In) + tap], value, sum);
                        }
                    }
                    y.Add(sum);
                }
            }
        }
        return [.. y];
    }

    private static float[] Values(Random random, int length) => [.. Enumerable.Range(0, length).Select(_ => (random.NextSingle() * 2) - 1)];
}
