using System.Buffers;
using QuantBuild.Formats;
using QuantBuild.Kernels;
using QuantBuild.Matrices;

namespace QuantBuild.Models;

/// <summary>A linear layer of 4-bit weights and, as a rule, activations with a low-rank branch beside it: eq. (11) of the paper.</summary>
/// <remarks>
/// <para><c>y = Q(x / s) Wq^T + bias + B (A (x / s))</c>, where Q rounds 32-blocks to MXFP4 with the ratio of the timestep's bin (or
/// clamps to the bin's threshold first), and leaves the input when only weights are quantized.</para>
/// <para>The order is fixed: <c>u = x / s</c>; <c>t_r = fma(u_k, A_rk, t_r)</c> over ascending k from 0; every y starts as its bias, adds
/// the main branch, then <c>fma(t_r, B_r, y)</c> over ascending r.  The main branch adds one exact integer product per 32-block, blocks
/// ascending (<see cref="Mxfp4Product"/>); where the input is left as it is, <c>fma(u_k, Wq_k, y)</c> over ascending k.</para>
/// </remarks>
internal sealed unsafe class QuantizedLinear : ILinear
{
    // 64 MiB of smoothed input at once, however many tokens there are.
    private const int ElementsAtOnce = 1 << 24;

    private readonly QuantizedLayer _layer;
    private readonly float[] _bias;
    private readonly ILinear? _floatMain;
    private readonly IntegerLinear? _integer;

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
            _integer = new IntegerLinear(layer, _bias, storage);
            // Bins that leave the input as it is decode the weight again in every step: few do, and it would take eight times the room.
            if (layer.Activations.IsMixed)
                _floatMain = new Mxfp4Linear(layer.OutFeatures, layer.InFeatures, layer.Codes, layer.Scales, _bias);
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
    public void Apply(ReadOnlyMatrixView x, MatrixView y, int timestep, int threads, CancellationToken ct = default)
    {
        if (x.Columns != InFeatures || y.Columns != OutFeatures || x.Rows != y.Rows)
            throw new ArgumentException(
                $"a {OutFeatures} x {InFeatures} layer does not take {x.Rows} x {x.Columns} to {y.Rows} x {y.Columns}");
        ActivationSetting? setting = _layer.Activations?.At(timestep);
        int rowsAtOnce = Math.Clamp(ElementsAtOnce / InFeatures, 1, Math.Max(x.Rows, 1));
        for (int first = 0; first < x.Rows; first += rowsAtOnce)
        {
            int rows = Math.Min(rowsAtOnce, x.Rows - first);
            ReadOnlyMatrixView input = x.Slice(first, 0, rows, InFeatures);
            MatrixView output = y.Slice(first, 0, rows, OutFeatures);
            if (setting?.Clip is not { } clip)
                ApplyFloat(input, output, timestep, threads, ct);
            else
                _integer!.Apply(input, output, clip, threads, ct);
        }
    }

    /// <summary>y = bias + u Wq^T + B (A u) with u = x / s, which stays as it is.</summary>
    private void ApplyFloat(ReadOnlyMatrixView x, MatrixView y, int timestep, int threads, CancellationToken ct)
    {
        int rank = _layer.Rank;
        float[] quotients = ArrayPool<float>.Shared.Rent(x.Rows * InFeatures), projections = ArrayPool<float>.Shared.Rent(x.Rows * rank);
        var u = new MatrixView(quotients.AsSpan(0, x.Rows * InFeatures), x.Rows, InFeatures);
        fixed (float* from = x.Data, to = u.Data, scale = _layer.Smooth.Span)
            RowLoop.Run(x.Rows, x.Columns, threads,
                new SmoothRows(new Strided(from, x.RowStride, x.ColumnStride), scale, new Strided(to, u.RowStride, 1), x.Columns,
                    _layer.Rotation));
        _floatMain!.Apply(u, y, timestep, threads, ct);
        if (rank > 0)
        {
            var projected = new MatrixView(projections.AsSpan(0, x.Rows * rank), x.Rows, rank);
            Gemm.Multiply(u, new ReadOnlyMatrixView(_layer.Down.Span, rank, InFeatures).Transposed, projected, GemmMode.Overwrite, threads,
                ct);
            Gemm.Multiply(projected, new ReadOnlyMatrixView(_layer.Up.Span, OutFeatures, rank).Transposed, y, GemmMode.Add, threads, ct);
        }
        ArrayPool<float>.Shared.Return(projections);
        ArrayPool<float>.Shared.Return(quotients);
    }
}
