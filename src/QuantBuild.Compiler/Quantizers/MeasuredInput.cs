using QuantBuild.Kernels;

namespace QuantBuild.Compiler.Quantizers;

/// <summary>Both branches' inputs of a quantized layer for the tokens at hand.</summary>
internal sealed class MeasuredInput
{
    private readonly MeasuredLayer _layer;
    private readonly float[] _main;
    private readonly float[] _low;
    private int _tokens;

    public MeasuredInput(MeasuredLayer layer, int mostTokens)
    {
        _layer = layer;
        _main = new float[mostTokens * layer.Weight.Columns];
        _low = new float[mostTokens * (layer.Branch?.Rank ?? 0)];
    }

    private MatrixView Main => new(_main.AsSpan(0, _tokens * _layer.Weight.Columns), _tokens, _layer.Weight.Columns);

    private int Rank => _layer.Branch?.Rank ?? 0;

    private MatrixView Low => new(_low.AsSpan(0, _tokens * Rank), _tokens, Rank);

    /// <summary>Smooths, takes the low-rank branch's first factor, and rounds.</summary>
    public void Load(ReadOnlyMatrixView x, int threads)
    {
        _tokens = x.Rows;
        Smoothing.ApplyToActivation(x, _layer.Scale, Main);
        if (Rank > 0)
            Gemm.Multiply(Main, new ReadOnlyMatrixView(_layer.Branch!.Down, Rank, x.Columns).Transposed, Low, GemmMode.Overwrite, threads);
        _layer.Activation?.Apply(Main, Main);
    }

    /// <summary>The outputs from <paramref name="firstOutput"/> on that <paramref name="weight"/> has rows for.</summary>
    public void Multiply(ReadOnlyMatrixView weight, int firstOutput, MatrixView y, int threads)
    {
        Gemm.Multiply(Main, weight.Transposed, y, GemmMode.Overwrite, threads);
        if (Rank > 0)
        {
            var up = new ReadOnlyMatrixView(_layer.Branch!.Up, _layer.Weight.Rows, Rank);
            Gemm.Multiply(Low, up.Slice(firstOutput, 0, weight.Rows, Rank).Transposed, y, GemmMode.Add, threads);
        }
    }
}
