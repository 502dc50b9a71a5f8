using System.Buffers;
using QuantBuild.Formats;
using QuantBuild.Kernels;
using QuantBuild.Matrices;

namespace QuantBuild.Models;

/// <summary>A linear layer whose weight stays in MXFP4 and is decoded a few rows at a time, on every use.</summary>
/// <remarks>Results equal a <see cref="FullPrecisionLinear"/> over the decoded weight, bit for bit.</remarks>
internal sealed class Mxfp4Linear(int outFeatures, int inFeatures, ReadOnlyMemory<byte> codes, ReadOnlyMemory<byte> scales, float[] bias)
    : ILinear
{
    private const int PanelRows = 256;

    /// <inheritdoc/>
    public int InFeatures => inFeatures;

    /// <inheritdoc/>
    public int OutFeatures => outFeatures;

    /// <inheritdoc/>
    public void Apply(ReadOnlyMatrixView x, MatrixView y, int timestep, int threads, CancellationToken ct = default)
    {
        int codeBytes = Mxfp4.CodeBytes(inFeatures), blocks = Mxfp4.Blocks(inFeatures);
        ReadOnlySpan<byte> allCodes = codes.Span, allScales = scales.Span;
        float[] panel = ArrayPool<float>.Shared.Rent(Math.Min(PanelRows, outFeatures) * inFeatures);
        for (int first = 0; first < outFeatures; first += PanelRows)
        {
            int rows = Math.Min(PanelRows, outFeatures - first);
            var weight = new MatrixView(panel.AsSpan(0, rows * inFeatures), rows, inFeatures);
            Mxfp4.Dequantize(allCodes.Slice(first * codeBytes, rows * codeBytes), allScales.Slice(first * blocks, rows * blocks), weight);
            MatrixView part = y.Slice(0, first, y.Rows, rows);
            for (int row = 0; row < y.Rows; row++)
                bias.AsSpan(first, rows).CopyTo(part.Data.Slice(row * part.RowStride, rows));
            Gemm.Multiply(x, weight.Transposed, part, GemmMode.Add, threads, ct);
        }
        ArrayPool<float>.Shared.Return(panel);
    }
}
