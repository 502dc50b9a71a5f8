using QuantBuild.Formats;
using QuantBuild.Matrices;

namespace QuantBuild.Benchmarks;

internal static class QuantizeScale
{
    public static Figures Run(Settings s)
    {
        float[] x = Data.Activations(s.Tokens, s.Inputs), y = new float[x.Length];
        double bytes = 2.0 * sizeof(float) * x.Length;
        var contest = new Contest();
        contest.Add("copy, one thread", () => x.CopyTo(y, 0), bytes, "GB/s");
        contest.Add("quantize and read back, one thread", () => Quantize(x, y, s, 1), bytes, "GB/s");
        contest.Add("quantize and read back", () => Quantize(x, y, s, s.Threads), bytes, "GB/s");
        IReadOnlyDictionary<string, Timing> times = contest.Run(s.Rounds);
        return new Figures { ["bandwidth"] = times["copy, one thread"].Processor / times["quantize and read back, one thread"].Processor };
    }

    private static void Quantize(float[] x, float[] y, Settings s, int threads) =>
        Mxfp4.QuantizeDequantize(new ReadOnlyMatrixView(x, s.Tokens, s.Inputs), new MatrixView(y, s.Tokens, s.Inputs), ScaleRule.Ceil,
            TieRule.Even, 1, 0, threads);
}
