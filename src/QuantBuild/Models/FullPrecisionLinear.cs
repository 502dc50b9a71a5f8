using QuantBuild.Kernels;
using QuantBuild.Matrices;

namespace QuantBuild.Models;

/// <summary>A linear layer in float32: y = x W^T + bias, every element one <see cref="Gemm"/> chain that starts from the bias.</summary>
internal sealed class FullPrecisionLinear : ILinear
{
    // Stored [in, out]: a row is then what the matrix product reads together, so packing it costs a copy and not a transposition.
    private readonly float[] _weight;
    private readonly float[] _bias;

    /// <summary>Makes a layer from its tensors, which are copied.</summary>
    /// <param name="weight">Weight, [out, in].</param>
    /// <param name="bias">Bias, [out].</param>
    public FullPrecisionLinear(ReadOnlyMatrixView weight, ReadOnlySpan<float> bias)
    {
        if (bias.Length != weight.Rows)
            throw new ArgumentException($"{bias.Length} biases for {weight.Rows} outputs");
        InFeatures = weight.Columns;
        OutFeatures = weight.Rows;
        _bias = bias.ToArray();
        _weight = new float[weight.Rows * weight.Columns];
        Transpose(weight, _weight);
    }

    /// <inheritdoc/>
    public int InFeatures { get; }

    /// <inheritdoc/>
    public int OutFeatures { get; }

    /// <inheritdoc/>
    public void Apply(ReadOnlyMatrixView x, MatrixView y, int timestep, int threads, CancellationToken ct = default)
    {
        LinearShape.Check(this, x, y);
        for (int row = 0; row < y.Rows; row++)
            _bias.CopyTo(y.Data.Slice(row * y.RowStride, y.Columns));
        Gemm.Multiply(x, new ReadOnlyMatrixView(_weight, InFeatures, OutFeatures), y, GemmMode.Add, threads, ct);
    }

    private static void Transpose(ReadOnlyMatrixView weight, float[] transposed)
    {
        const int Tile = 32;
        for (int row = 0; row < weight.Rows; row += Tile)
        {
            for (int column = 0; column < weight.Columns; column += Tile)
            {
                for (int i = row; i < Math.Min(row + Tile, weight.Rows); i++)
                {
                    for (int j = column; j < Math.Min(column + Tile, weight.Columns); j++)
                        transposed[(j * weight.Rows) + i] = weight[i, j];
                }
            }
        }
    }
}
