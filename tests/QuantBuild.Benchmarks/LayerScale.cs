using System.Diagnostics;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Quantizers;
using QuantBuild.Formats;
using QuantBuild.Matrices;

namespace QuantBuild.Benchmarks;

/// <summary>
/// One layer from weights and tokens to codes and clip ratio.  A stage's figure is its time over that of one product of the tokens with the
/// layer, measured before and after: by OpenBLAS if it is there, and by our own Gemm.  With one thread that is processor time, which
/// means something on a shared machine too; with several it is the clock.
/// </summary>
internal static class LayerScale
{
    private const int Rank = 32;

    // The product's default compares with the full-precision layer, eq. (10); the paper's code with the quantized one, which is less work.
    private const string PublishedClip = "clip, paper's code";

    public static Figures Run(Settings s)
    {
        float[] x = Data.Activations(s.Tokens, s.Inputs), w = Data.Weight(s.Outputs, s.Inputs);
        var stages = new List<(string Name, Timing Time)>();
        (double own, double blas) = GemmSeconds(x, w, s);
        GC.Collect();

        float[] scale = new float[s.Inputs];
        LowRankBranch branch = null!;
        float[] hessian = [];
        GptqResult rounded = null!;
        Stage("smooth", () => Smooth(x, w, scale, s));
        Stage("low-rank branch", () =>
            branch = LowRankSplit.Of(Matrix(w), new LowRankRecipe(Rank, LowRankMethod.Randomized), seed: 1, s.Threads));
        Stage("residual", () => branch.SubtractFrom(new MatrixView(w, s.Outputs, s.Inputs), s.Threads));
        Stage("Hessian", () =>
        {
            var sum = new InputHessian(s.Inputs, ActivationQuantizer.Unclipped(TieRule.Even));
            sum.Add(new ReadOnlyMatrixView(x, s.Tokens, s.Inputs), [], s.Threads);
            hessian = sum.Finish(s.Threads);
        });
        Stage("GPTQ", () => rounded = Gptq.Quantize(Matrix(w), new MatrixView(hessian, s.Inputs, s.Inputs), new GptqOptions(), s.Threads));
        hessian = [];
        Stage("clip, 5 ratios", () => ClipScale.Search(x, w, rounded.Weight, [0], s));
        Timing published = Contest.Time(() => ClipScale.Search(x, w, rounded.Weight, [0], s, ClipObjective.Activation));
        double peak = Process.GetCurrentProcess().PeakWorkingSet64 / 1e9;
        (double ownAfter, double blasAfter) = GemmSeconds(x, w, s);
        own = (own + ownAfter) / 2;
        blas = (blas + blasAfter) / 2;

        var whole = new Timing(stages.Sum(stage => stage.Time.Wall), stages.Sum(stage => stage.Time.Processor));
        Timing clip = stages[^1].Time;
        var asPublished = new Timing(whole.Wall - clip.Wall + published.Wall, whole.Processor - clip.Processor + published.Processor);
        foreach ((string name, Timing time) in stages.Append(("whole layer", whole)).Append((PublishedClip, published))
            .Append(("layer with it", asPublished)))
        {
            double seconds = time.Of(s.Threads);
            Console.WriteLine(
                $"  {name,-20} {time.Wall,8:F2} s  cpu {time.Processor,8:F2} s  {seconds / whole.Of(s.Threads),6:P1} "
                    + $"{seconds / own,6:F2} x Gemm {seconds / blas,6:F2} x OpenBLAS");
        }
        Console.WriteLine(
            $"  Gemm {s.Operations / own / 1e9:F0} GFLOP/s, OpenBLAS {s.Operations / blas / 1e9:F0} GFLOP/s, low-rank branch "
                + $"{branch.Passes} passes, excess {branch.Excess:G3}, proxy loss {rounded.Outcome.ProxyLoss:G6}, peak memory "
                    + $"{peak:F2} GB, tokens and weight included");
        return new Figures { ["own"] = whole.Of(s.Threads) / own, ["blas"] = whole.Of(s.Threads) / blas,
            ["published"] = asPublished.Of(s.Threads) / blas, ["peak"] = peak };

        ReadOnlyMatrixView Matrix(float[] values) => new(values, s.Outputs, s.Inputs);

        void Stage(string name, Action run)
        {
            stages.Add((name, Contest.Time(run)));
        }
    }

    private static void Smooth(float[] x, float[] w, float[] scale, Settings s)
    {
        float[] activation = new float[s.Inputs], weight = new float[s.Inputs];
        Smoothing.AccumulateAbsmax(new ReadOnlyMatrixView(x, s.Tokens, s.Inputs), activation, firstRow: 0, s.Threads);
        Smoothing.AccumulateAbsmax(new ReadOnlyMatrixView(w, s.Outputs, s.Inputs), weight, firstRow: 0, s.Threads);
        Smoothing.Scale(activation, weight, 0.5, scale);
        Smoothing.ApplyToActivation(new ReadOnlyMatrixView(x, s.Tokens, s.Inputs), scale, new MatrixView(x, s.Tokens, s.Inputs), s.Threads);
        Smoothing.ApplyToWeight(new MatrixView(w, s.Outputs, s.Inputs), scale, s.Threads);
    }

    /// <summary>
    /// Seconds of one product, from the better of two runs over a part of the tokens, which needs little memory; NaN for a missing
    /// OpenBLAS.
    /// </summary>
    private static (double Own, double Blas) GemmSeconds(float[] x, float[] w, Settings s)
    {
        Settings part = s with { Tokens = Math.Min(s.Tokens, 1024) };
        var y = new float[part.Tokens * part.Outputs];
        OpenBlas? blas = OpenBlas.TryLoad(s.Threads);
        return (Best(() => GemmScale.Multiply(x, w, y, part, s.Threads)), blas is null
            ? double.NaN
            : Best(() => blas.Multiply(x, w, y, part)));

        double Best(Action run) => Math.Min(Contest.Time(run).Of(s.Threads), Contest.Time(run).Of(s.Threads)) * s.Tokens / part.Tokens;
    }
}
