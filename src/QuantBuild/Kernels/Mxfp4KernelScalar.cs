using System.Runtime.CompilerServices;
using QuantBuild.Formats;

namespace QuantBuild.Kernels;

/// <summary>The reference: vector code gives the same bits.</summary>
internal readonly unsafe struct Mxfp4KernelScalar : IMxfp4Kernel
{
    public static int Tokens => 1;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run(in Mxfp4Tile tile)
    {
        const int Width = Mxfp4Panels.Width;
        int* sums = stackalloc int[Width];
        float* y = tile.Outputs[0];
        byte* weights = tile.Weights;
        for (nint block = 0; block < tile.Blocks; block++)
        {
            sbyte* values = tile.Values + (block * Mxfp4.BlockSize);
            new Span<int>(sums, Width).Clear();
            for (int k = 0; k < Mxfp4.BlockSize; k += 4, weights += 4 * Width)
            {
                for (int o = 0; o < Width; o++)
                {
                    byte* w = weights + (4 * o);
                    sums[o] += (values[k] * (w[0] - 12)) + (values[k + 1] * (w[1] - 12)) + (values[k + 2] * (w[2] - 12))
                        + (values[k + 3] * (w[3] - 12));
                }
            }
            float* scales = tile.WeightScales + (block * Width);
            for (int o = 0; o < Width; o++)
                y[o] = MathF.FusedMultiplyAdd(sums[o] * tile.Scales[block], scales[o], y[o]);
        }
    }
}
