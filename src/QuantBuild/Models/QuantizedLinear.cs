using System.Buffers;
using QuantBuild.Formats;
using QuantBuild.Kernels;
using QuantBuild.Models.Wan;

namespace QuantBuild.Models;

/// <summary>A linear layer of 4-bit weights and, as a rule, activations with a low-rank branch beside it: eq. (11) of the paper.</summary>
/// <remarks>
/// <para><c>y = Q(x / s) Wq^T + bias + B (A (x / s))</c>, where Q rounds 32-blocks to MXFP4 with the ratio of the timestep's bin (or
/// clamps to the bin's threshold first), and leaves the input when only weights are quantized.</para>
/// <para>The order is fixed: <c>u = x / s</c>; <c>t_r = fma(u_k, A_rk, t_r)</c> over ascending k from 0; every y starts as its bias, adds
/// the main branch, then <c>fma(t_r, B_r, y)</c> over ascending r.  The main branch adds one exact integer product per 32-block, blocks
/// ascending (<see cref="Mxfp4Product"/>); where the input is left as it is, <c>fma(u_k, Wq_k, y)</c> over ascending k.</para>
/// </remarks>
public sealed unsafe class QuantizedLinear : ILinear
{
    // 64 MiB of smoothed input at once, however many tokens there are.
    private const int ElementsAtOnce = 1 << 24;

    private readonly QuantizedLayer _layer;
    private readonly float[] _bias;
    private readonly ILinear? _floatMain;
    private readonly Mxfp4Main? _main;

    /// <summary>Makes a layer.</summary>
    /// <param name="layer">Its parameters; the memory must stay valid and unchanged.</param>
    /// <param name="storage">
    /// <see cref="WeightStorage.Resident"/> decodes the weight once and keeps it, a byte per element, or as float32 where the input is not
    /// rounded; <see cref="WeightStorage.Mapped"/> decodes it a panel at a time on every use. The results are the same.
    /// </param>
    /// <exception cref="ArgumentException">A parameter does not fit the layer's shape.</exception>
    public QuantizedLinear(QuantizedLayer layer, WeightStorage storage = WeightStorage.Resident)
    {
        layer.Check();
        _layer = layer;
        _bias = layer.Bias.IsEmpty ? new float[layer.OutFeatures] : layer.Bias.ToArray();
        if (layer.Activations is not null)
        {
            _main = new Mxfp4Main(layer, storage);
        }
        else if (storage == WeightStorage.Mapped)
        {
            _floatMain = new Mxfp4Linear(layer.OutFeatures, layer.InFeatures, layer.Codes, layer.Scales, _bias);
        }
        else
        {
            var weight = new MatrixView(new float[(long)layer.OutFeatures * layer.InFeatures], layer.OutFeatures, layer.InFeatures);
            Mxfp4.Dequantize(layer.Codes.Span, layer.Scales.Span, weight);
            _floatMain = new FullPrecisionLinear(weight, _bias);
        }
    }

    /// <inheritdoc/>
    public int InFeatures => _layer.InFeatures;

    /// <inheritdoc/>
    public int OutFeatures => _layer.OutFeatures;

    /// <inheritdoc/>
    /// <exception cref="ArgumentOutOfRangeException">No bin of the layer has the timestep.</exception>
    public void Apply(ReadOnlyMatrixView x, MatrixView y, int timestep, int threads)
    {
        if (x.Columns != InFeatures || y.Columns != OutFeatures || x.Rows != y.Rows)
            throw new ArgumentException($"a {OutFeatures} x {InFeatures} layer does not take {x.Rows} x {x.Columns} to {y.Rows} x {y.Columns}");
        ActivationSetting? setting = _layer.Activations?.At(timestep);
        int rowsAtOnce = Math.Clamp(ElementsAtOnce / InFeatures, 1, Math.Max(x.Rows, 1));
        float[] inputs = ArrayPool<float>.Shared.Rent(rowsAtOnce * InFeatures);
        float[] projections = ArrayPool<float>.Shared.Rent(rowsAtOnce * _layer.Rank);
        for (int first = 0; first < x.Rows; first += rowsAtOnce)
        {
            int rows = Math.Min(rowsAtOnce, x.Rows - first);
            var input = new MatrixView(inputs.AsSpan(0, rows * InFeatures), rows, InFeatures);
            var projection = new MatrixView(projections.AsSpan(0, rows * _layer.Rank), rows, _layer.Rank);
            MatrixView output = y.Slice(first, 0, rows, OutFeatures);
            ReadInput(x.Slice(first, 0, rows, InFeatures), input, projection, threads);
            if (setting is null)
                _floatMain!.Apply(input, output, timestep, threads);
            else
                AddMain(input, output, setting, threads);
            if (_layer.Rank > 0)
                Gemm.Multiply(projection, new ReadOnlyMatrixView(_layer.Up.Span, OutFeatures, _layer.Rank).Transposed, output, GemmMode.Add, threads);
        }
        ArrayPool<float>.Shared.Return(projections);
        ArrayPool<float>.Shared.Return(inputs);
    }

    /// <summary>input = x / s, projection = input A^T.</summary>
    private void ReadInput(ReadOnlyMatrixView x, MatrixView input, MatrixView projection, int threads)
    {
        fixed (float* from = x.Data, to = input.Data, scale = _layer.Smooth.Span)
            RowLoop.Run(x.Rows, x.Columns, threads, new SmoothRows(new Strided(from, x.RowStride, x.ColumnStride), scale, new Strided(to, input.RowStride, 1), x.Columns));
        if (_layer.Rank > 0)
            Gemm.Multiply(input, new ReadOnlyMatrixView(_layer.Down.Span, _layer.Rank, InFeatures).Transposed, projection, GemmMode.Overwrite, threads);
    }

    /// <summary>y = bias + Q(input) Wq^T.</summary>
    private void AddMain(MatrixView input, MatrixView y, ActivationSetting setting, int threads)
    {
        fixed (float* bias = _bias, to = y.Data)
            RowLoop.Run(y.Rows, y.Columns, threads, new RepeatRow(bias, new Strided(to, y.RowStride, 1), y.Columns));
        using var tokens = new Mxfp4Tokens(InFeatures);
        tokens.Load(input, new Mxfp4Rounding(_layer.Activations!.Ties, setting.Ratio, setting.ExponentOffset, setting.Threshold), negate: false, threads);
        _main!.AddTo(y, tokens, threads);
    }
}
