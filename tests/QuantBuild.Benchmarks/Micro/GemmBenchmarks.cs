using BenchmarkDotNet.Attributes;
using QuantBuild.Compiler.LinearAlgebra;
using QuantBuild.Matrices;

namespace QuantBuild.Benchmarks.Micro;

/// <summary>Dense products, one thread.</summary>
public class GemmBenchmarks
{
    private float[] _x = [], _w = [], _y = [], _h = [];
    private Settings _settings = null!;
    private OpenBlas? _blas;

    /// <summary>Rows and columns of everything.</summary>
    [Params(256, 1024)]
    public int Size { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        _settings = new Settings(Size, Size, Size, 1, 1);
        _blas = OpenBlas.TryLoad(1);
        (_x, _w, _y) = (Data.Activations(Size, Size), Data.Weight(Size, Size), new float[Size * Size]);
        _h = Data.PositiveDefinite(Size);
    }

    [Benchmark(Baseline = true)]
    public void Gemm() => GemmScale.Multiply(_x, _w, _y, _settings, 1);

    /// <summary>The same by OpenBLAS; nothing at all where it is not installed.</summary>
    [Benchmark]
    public void OpenBlasGemm() => _blas?.Multiply(_x, _w, _y, _settings);

    [Benchmark]
    public void GramMatrix() => Gram.Accumulate(new ReadOnlyMatrixView(_x, Size, Size), new MatrixView(_y, Size, Size));

    [Benchmark]
    public bool CholeskyFactor()
    {
        _h.CopyTo(_y, 0);
        return Cholesky.TryFactorReversed(new MatrixView(_y, Size, Size));
    }
}
