using System.Buffers;
using QuantBuild.Matrices;

namespace QuantBuild.Kernels;

/// <summary>Convolution of videos whose channels are adjacent, as a matrix product over gathered patches.</summary>
/// <remarks>
/// Every output is one chain: it starts as its bias and adds fma(w, x, y) over frames, rows, columns and channels of its patch, in this
/// order; padding takes part as zeros.
/// </remarks>
internal static class Convolution
{
    // Elements of the patches worked on together: they should stay in a second-level cache, but the weight is packed once per block.
    private const int ElementsPerBlock = 1 << 18;
    private const int FewestOutputs = 256;
    private const int MostOutputs = 768;

    /// <summary>
    /// Reorders a weight [out, in, frames, rows, columns] to what <see cref="Apply"/> takes, [out, frames, rows, columns, in].
    /// </summary>
    public static float[] Reorder(ConvolutionShape shape, ReadOnlySpan<float> weight)
    {
        int taps = shape.Depth / shape.In;
        var reordered = new float[weight.Length];
        for (int output = 0; output < shape.Out; output++)
        {
            for (int input = 0; input < shape.In; input++)
            {
                for (int tap = 0; tap < taps; tap++)
                    reordered[(((output * taps) + tap) * shape.In) + input] = weight[(((output * shape.In) + input) * taps) + tap];
            }
        }
        return reordered;
    }

    /// <summary>Computes a convolution.</summary>
    /// <param name="shape">Its size.</param>
    /// <param name="x">Input, [frames, height, width, in].</param>
    /// <param name="frames">Input frames.</param>
    /// <param name="height">Input rows.</param>
    /// <param name="width">Input columns.</param>
    /// <param name="weight">Weight, [out, frames, rows, columns, in].</param>
    /// <param name="bias">Bias, [out].</param>
    /// <param name="y">Output, [output frames, output rows, output columns, out]; every value is written.</param>
    /// <param name="threads">Threads to use; the result does not depend on it.</param>
    /// <param name="ct">Cancels between blocks of outputs.</param>
    public static void Apply(ConvolutionShape shape, float[] x, int frames, int height, int width, float[] weight, float[] bias, float[] y,
        int threads,
        CancellationToken ct = default)
    {
        int rows = shape.OutputSize(height), columns = shape.OutputSize(width);
        int outputs = checked(shape.OutputFrames(frames) * rows * columns);
        if (y.Length != checked(outputs * shape.Out))
            throw new ArgumentException($"{y.Length} values instead of {outputs} outputs of {shape.Out} channels", nameof(y));
        int depth = shape.Depth;
        int block = Math.Clamp(ElementsPerBlock / depth, FewestOutputs, MostOutputs) & ~31;
        Workers.For((outputs + block - 1) / block, threads, index =>
        {
            int first = index * block, count = Math.Min(block, outputs - first);
            float[] patches = ArrayPool<float>.Shared.Rent(count * depth);
            float[] result = ArrayPool<float>.Shared.Rent(count * shape.Out);
            for (int i = 0; i < count; i++)
            {
                (int frame, int position) = Math.DivRem(first + i, rows * columns);
                Gather(shape, x, height, width, frame * shape.StrideFrames, position / columns, position % columns,
                    patches.AsSpan(i * depth, depth));
            }

            // Few channels and many outputs: with the channels as rows, the tiles of the matrix product are full.
            for (int channel = 0; channel < shape.Out; channel++)
                result.AsSpan(channel * count, count).Fill(bias[channel]);
            var product = new MatrixView(result, shape.Out, count);
            Gemm.Multiply(new ReadOnlyMatrixView(weight, shape.Out, depth), new ReadOnlyMatrixView(patches, count, depth).Transposed,
                product, GemmMode.Add, ct: ct);
            Transpose(result, shape.Out, count, y.AsSpan(first * shape.Out));
            ArrayPool<float>.Shared.Return(patches);
            ArrayPool<float>.Shared.Return(result);
        }, ct);
    }

    /// <summary>Copies what one output sees.</summary>
    private static void Gather(ConvolutionShape shape, float[] x, int height, int width, int frame, int row, int column, Span<float> patch)
    {
        int channels = shape.In, run = shape.Kernel * channels;
        int top = (row * shape.Stride) - shape.PadBefore, left = (column * shape.Stride) - shape.PadBefore;
        bool isInside = shape.Enlarge == 1 && left >= 0 && left + shape.Kernel <= width;
        for (int t = 0; t < shape.KernelFrames; t++)
        {
            for (int dy = 0; dy < shape.Kernel; dy++, patch = patch[run..])
            {
                int sourceRow = top + dy;
                if (sourceRow < 0 || sourceRow >= height * shape.Enlarge)
                {
                    patch[..run].Clear();
                    continue;
                }
                int line = (((frame + t) * height) + (sourceRow / shape.Enlarge)) * width;
                if (isInside)
                {
                    x.AsSpan((line + left) * channels, run).CopyTo(patch);
                    continue;
                }
                for (int dx = 0; dx < shape.Kernel; dx++)
                {
                    int sourceColumn = left + dx;
                    Span<float> tap = patch.Slice(dx * channels, channels);
                    if (sourceColumn < 0 || sourceColumn >= width * shape.Enlarge)
                        tap.Clear();
                    else
                        x.AsSpan((line + (sourceColumn / shape.Enlarge)) * channels, channels).CopyTo(tap);
                }
            }
        }
    }

    private static unsafe void Transpose(float[] source, int rows, int columns, Span<float> target)
    {
        fixed (float* from = source, to = target)
            Transposition.Copy(new Strided(from, columns, 1), rows, columns, new Strided(to, rows, 1));
    }
}
