using System.Buffers;
using QuantBuild.Kernels;
using QuantBuild.Matrices;
using QuantBuild.SafeTensors;

namespace QuantBuild.Models;

/// <summary>A linear layer whose weight stays in its file and is widened to float32 a few rows at a time, on every use.</summary>
/// <remarks>
/// For models larger than memory: what is held is one panel of rows, whatever the model.  Results equal <see cref="FullPrecisionLinear"/>
/// bit for bit.  The source must stay open as long as the layer is used.
/// </remarks>
internal sealed class MappedLinear : ILinear
{
    private const int PanelRows = 256;

    private readonly ITensorSource _source;
    private readonly string _weight;
    private readonly float[] _bias;

    /// <summary>Makes a layer that reads its weight from an open source.</summary>
    /// <param name="source">Where the weight is.</param>
    /// <param name="weight">Name of the weight tensor, [out, in…], stored F32, F16 or BF16.</param>
    /// <param name="bias">Bias, [out]; copied.</param>
    public MappedLinear(ITensorSource source, string weight, ReadOnlySpan<float> bias)
    {
        TensorInfo tensor = source.Tensors[weight];
        _source = source;
        _weight = weight;
        _bias = bias.ToArray();
        OutFeatures = (int)tensor.Shape[0];
        InFeatures = (int)(tensor.ElementCount / OutFeatures);
        if (bias.Length != OutFeatures)
            throw new ArgumentException($"{bias.Length} biases for {OutFeatures} outputs");
    }

    /// <summary>Elements of the panel that a layer of so many inputs holds while it is applied.</summary>
    internal static long PanelElements(int inFeatures) => (long)PanelRows * inFeatures;

    /// <inheritdoc/>
    public int InFeatures { get; }

    /// <inheritdoc/>
    public int OutFeatures { get; }

    /// <inheritdoc/>
    public void Apply(ReadOnlyMatrixView x, MatrixView y, int timestep, int threads, CancellationToken ct = default)
    {
        LinearShape.Check(this, x, y);
        float[] panel = ArrayPool<float>.Shared.Rent(PanelRows * InFeatures);
        for (int first = 0; first < OutFeatures; first += PanelRows)
        {
            int rows = Math.Min(PanelRows, OutFeatures - first);
            _source.ReadFloat32(_weight, (long)first * InFeatures, panel.AsSpan(0, rows * InFeatures));
            MatrixView part = y.Slice(0, first, y.Rows, rows);
            for (int row = 0; row < y.Rows; row++)
                _bias.AsSpan(first, rows).CopyTo(part.Data.Slice(row * part.RowStride, rows));
            Gemm.Multiply(x, new ReadOnlyMatrixView(panel, rows, InFeatures).Transposed, part, GemmMode.Add, threads, ct);
        }
        ArrayPool<float>.Shared.Return(panel);
    }
}
