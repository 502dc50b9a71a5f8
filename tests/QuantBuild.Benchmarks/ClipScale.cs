using System.Collections.Immutable;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Quantizers;
using QuantBuild.Formats;
using QuantBuild.Matrices;

namespace QuantBuild.Benchmarks;

internal static class ClipScale
{
    private static readonly ImmutableArray<double> Ratios = [0.6, 0.7, 0.8, 0.9, 1.0];

    public static Figures Run(Settings s)
    {
        float[] x = Data.Activations(s.Tokens, s.Inputs), w = Data.Weight(s.Outputs, s.Inputs), y = new float[s.Tokens * s.Outputs];
        PackedWeight packed = RoundToNearest.Quantize(new ReadOnlyMatrixView(w, s.Outputs, s.Inputs), TieRule.Even).Weight;
        var contest = new Contest();
        contest.Add("Gemm of the layer", () => GemmScale.Multiply(x, w, y, s, s.Threads));
        contest.Add("5 ratios", () => Search(x, w, packed, [0], s));
        contest.Add("5 ratios x 3 offsets", () => Search(x, w, packed, [-1, 0, 1], s));
        contest.Add("measuring four methods", () => Measure(x, w, packed, s));
        IReadOnlyDictionary<string, Timing> times = contest.Run(s.Rounds);
        double gemm = times["Gemm of the layer"].Of(s.Threads);
        return new Figures { ["five"] = times["5 ratios"].Of(s.Threads) / gemm, ["fifteen"] = times["5 ratios x 3 offsets"].Of(s.Threads)
            / gemm };
    }

    private static void Measure(float[] x, float[] w, PackedWeight packed, Settings s)
    {
        PackedWeight other = packed with { Codes = [.. packed.Codes] };
        ActivationQuantizer plain = ActivationQuantizer.Unclipped(TieRule.Even);
        MeasuredLayer[] methods = [new(null, null, packed, plain), new(null, null, other, plain),
            new(null, null, packed, plain with { Clip = new ClipSetting(0.8f) }),
                new(null, null, other, plain with { Clip = new ClipSetting(0.8f) })];
        LayerError.Measure(new ReadOnlyMatrixView(x, s.Tokens, s.Inputs), new ReadOnlyMatrixView(w, s.Outputs, s.Inputs), methods,
            s.Threads);
    }

    public static ClipResult Search(float[] x, float[] w, PackedWeight packed, ImmutableArray<int> offsets, Settings s,
        ClipObjective objective = ClipObjective.Output) =>
        ClipSearch.Search(new ReadOnlyMatrixView(x, s.Tokens, s.Inputs), new ReadOnlyMatrixView(w, s.Outputs, s.Inputs),
            packed, new ActivationRecipe(ClipGranularity.Block, Ratios, offsets, TieRule.Even, objective), s.Threads);
}
