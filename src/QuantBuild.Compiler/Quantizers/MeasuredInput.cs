using QuantBuild.Kernels;
using QuantBuild.Matrices;

namespace QuantBuild.Compiler.Quantizers;

/// <summary>A quantized layer's arithmetic for the tokens at hand, a tile of outputs at a time, as the runtime does it.</summary>
internal sealed class MeasuredInput : IDisposable
{
    private readonly MeasuredLayer _layer;
    private readonly float[] _main;
    private readonly float[] _low;
    private readonly float[] _decoded;
    private readonly Mxfp4Tokens? _rounded;
    private readonly Mxfp4Panels? _weight;
    private int _tokens;

    public MeasuredInput(MeasuredLayer layer, int mostTokens, int mostOutputs)
    {
        int channels = layer.Weight.Columns;
        _layer = layer;
        _main = new float[mostTokens * channels];
        _low = new float[mostTokens * (layer.Branch?.Rank ?? 0)];
        _decoded = layer.Activation is null ? new float[mostOutputs * channels] : [];
        if (layer.Activation is not null)
        {
            _rounded = new Mxfp4Tokens(channels);
            _weight = new Mxfp4Panels(mostOutputs, channels);
        }
    }

    private MatrixView Main => new(_main.AsSpan(0, _tokens * _layer.Weight.Columns), _tokens, _layer.Weight.Columns);

    private int Rank => _layer.Branch?.Rank ?? 0;

    private MatrixView Low => new(_low.AsSpan(0, _tokens * Rank), _tokens, Rank);

    /// <summary>Smooths, takes the low-rank branch's first factor, and rounds.</summary>
    public void Load(ReadOnlyMatrixView x, int threads, CancellationToken ct = default)
    {
        _tokens = x.Rows;
        Smoothing.ApplyToActivation(x, _layer.Scale, Main, threads, _layer.Rotation);
        if (Rank > 0)
            Gemm.Multiply(Main, new ReadOnlyMatrixView(_layer.Branch!.Down, Rank, x.Columns).Transposed, Low, GemmMode.Overwrite, threads,
                ct);
        _rounded?.Load(Main, _layer.Activation!.Rounding, negate: false, threads);
    }

    /// <summary>As many outputs as <paramref name="y"/> has columns, from <paramref name="firstOutput"/> on.</summary>
    public void Multiply(int firstOutput, MatrixView y, int threads, CancellationToken ct = default)
    {
        if (_weight is not null)
        {
            y.Data.Clear();
            _layer.Weight.Unpack(firstOutput, y.Columns, _weight, threads);
            Mxfp4Product.Add(_rounded!, _weight, y, threads, ct);
        }
        else
        {
            var weight = new MatrixView(_decoded.AsSpan(0, y.Columns * _layer.Weight.Columns), y.Columns, _layer.Weight.Columns);
            _layer.Weight.Dequantize(firstOutput, weight);
            Gemm.Multiply(Main, weight.Transposed, y, GemmMode.Overwrite, threads, ct);
        }
        if (Rank > 0)
        {
            var up = new ReadOnlyMatrixView(_layer.Branch!.Up, _layer.Weight.Rows, Rank);
            Gemm.Multiply(Low, up.Slice(firstOutput, 0, y.Columns, Rank).Transposed, y, GemmMode.Add, threads, ct);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _rounded?.Dispose();
}
