using BenchmarkDotNet.Attributes;
using QuantBuild.Compiler.Quantizers;
using QuantBuild.Formats;
using QuantBuild.Kernels;
using QuantBuild.Matrices;

namespace QuantBuild.Benchmarks.Micro;

/// <summary>What happens to tokens and weights in 4 bits, 1024 x 1024, one thread.</summary>
public class Mxfp4Benchmarks : IDisposable
{
    private const int Size = 1024;

    private readonly Mxfp4Tokens _tokens = new(Size);
    private float[] _x = [], _y = [];
    private PackedWeight _packed = null!;
    private Mxfp4Panels _panels = null!;

    [GlobalSetup]
    public void Setup()
    {
        (_x, _y) = (Data.Activations(Size, Size), new float[Size * Size]);
        _packed = RoundToNearest.Quantize(new ReadOnlyMatrixView(Data.Weight(Size, Size), Size, Size), TieRule.Even).Weight;
        _panels = Mxfp4Panels.Of(_packed.Codes, _packed.Scales, Size, Size);
        RoundTokens();
    }

    [Benchmark(Baseline = true)]
    public void Copy() => _x.CopyTo(_y, 0);

    [Benchmark]
    public void QuantizeDequantize() =>
    Mxfp4.QuantizeDequantize(new ReadOnlyMatrixView(_x, Size, Size), new MatrixView(_y, Size, Size), ScaleRule.Ceil, TieRule.Even);

    [Benchmark]
    public void RoundTokens() =>
    _tokens.Load(new ReadOnlyMatrixView(_x, Size, Size), new Mxfp4Rounding(TieRule.Even, 1, 0, float.PositiveInfinity));

    [Benchmark]
    public void RoundWeight() => RoundToNearest.Quantize(new ReadOnlyMatrixView(_x, Size, Size), TieRule.Even);

    [Benchmark]
    public void DecodeWeight() => _packed.Dequantize(0, new MatrixView(_y, Size, Size));

    [Benchmark]
    public void UnpackWeight() => _packed.Unpack(0, Size, _panels);

    [Benchmark]
    public void IntegerProduct() => Mxfp4Product.Add(_tokens, _panels, new MatrixView(_y, Size, Size));

    [GlobalCleanup]
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    protected virtual void Dispose(bool disposing)
    {
        if (disposing)
            _tokens.Dispose();
    }
}
