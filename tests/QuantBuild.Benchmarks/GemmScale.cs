using QuantBuild.Compiler.LinearAlgebra;
using QuantBuild.Kernels;
using QuantBuild.Matrices;

namespace QuantBuild.Benchmarks;

internal static class GemmScale
{
    public static Figures Run(Settings s)
    {
        float[] x = Data.Activations(s.Tokens, s.Inputs), w = Data.Weight(s.Outputs, s.Inputs), y = new float[s.Tokens * s.Outputs];
        float[] gram = new float[(long)s.Inputs * s.Inputs];
        OpenBlas? blas = OpenBlas.TryLoad(s.Threads);
        Libtorch? torch = Libtorch.TryLoad(s.Threads);
        var contest = new Contest();
        contest.Add("Gemm", () => Multiply(x, w, y, s, s.Threads), s.Operations, "GFLOP/s");
        contest.Add("Gemm, one thread", s.Threads > 1 ? () => Multiply(x, w, y, s, 1) : null, s.Operations, "GFLOP/s");
        contest.Add("OpenBLAS", blas is null ? null : () => blas.Multiply(x, w, y, s), s.Operations, "GFLOP/s");
        contest.Add("libtorch, float32", torch?.Float32(x, w, s), s.Operations, "GFLOP/s");
        contest.Add("libtorch, bfloat16", torch?.BFloat16(x, w, s), s.Operations, "GFLOP/s");
        contest.Add("Gram (half the operations counted)", () =>
            Gram.Accumulate(new ReadOnlyMatrixView(x, s.Tokens, s.Inputs), new MatrixView(gram, s.Inputs, s.Inputs), s.Threads),
            1.0 * s.Tokens * s.Inputs * s.Inputs, "GFLOP/s");
        contest.Add("FMA peak of one thread", () => FmaPeak.Run(FmaPeak.Steps), FmaPeak.Operations, "GFLOP/s");
        IReadOnlyDictionary<string, Timing> times = contest.Run(s.Rounds);
        double own = times["Gemm"].Of(s.Threads);
        return new Figures
        {
            ["blas"] = blas is null ? double.NaN : times["OpenBLAS"].Of(s.Threads) / own,
            ["torch"] = torch is null ? double.NaN : times["libtorch, float32"].Of(s.Threads) / own,
            ["torch16"] = torch is null ? double.NaN : times["libtorch, bfloat16"].Of(s.Threads) / own,
            ["scaling"] = s.Threads > 1 ? times["Gemm, one thread"].Wall / own : double.NaN,
            ["peak"] = s.Operations / own / s.Threads / (FmaPeak.Operations / times["FMA peak of one thread"].Processor),
        };
    }

    public static void Multiply(float[] x, float[] w, float[] y, Settings s, int threads) =>
        Gemm.Multiply(new ReadOnlyMatrixView(x, s.Tokens, s.Inputs), new ReadOnlyMatrixView(w, s.Outputs, s.Inputs).Transposed,
            new MatrixView(y, s.Tokens, s.Outputs), GemmMode.Overwrite, threads);
}
