using QuantBuild.Compiler.Quantizers;
using QuantBuild.Formats;
using QuantBuild.Kernels;
using QuantBuild.Matrices;
using QuantBuild.Models;

namespace QuantBuild.Benchmarks;

internal static class W4A4Scale
{
    private const int Rank = 32;

    public static Figures Run(Settings s)
    {
        float[] x = Data.Activations(s.Tokens, s.Inputs), w = Data.Weight(s.Outputs, s.Inputs), y = new float[s.Tokens * s.Outputs];
        PackedWeight packed = RoundToNearest.Quantize(new ReadOnlyMatrixView(w, s.Outputs, s.Inputs), TieRule.Even).Weight;
        var layer = new QuantizedLayer
        {
            OutFeatures = s.Outputs,
            InFeatures = s.Inputs,
            Codes = packed.Codes,
            Scales = packed.Scales,
            Smooth = Enumerable.Range(0, s.Inputs).Select(i => 1 + (i % 7 * 0.125f)).ToArray(),
            Rank = Rank,
            Down = Data.Weight(Rank, s.Inputs),
            Up = Data.Weight(s.Outputs, Rank),
            Bias = new float[s.Outputs],
            Activations = new ActivationPolicy(TieRule.Even, [new ActivationSetting(0, 999, new ClipSetting(0.9f))]),
        };
        QuantizedLinear resident = new(layer), rotated = new(layer with { Rotation = Rotation.Hadamard32 }),
            mapped = new(layer, WeightStorage.Mapped), w4a16 = new(layer with { Activations = null });
        using var tokens = new Mxfp4Tokens(s.Inputs);
        Mxfp4Panels panels = Mxfp4Panels.Of(packed.Codes, packed.Scales, s.Outputs, s.Inputs);
        Libtorch? torch = Libtorch.TryLoad(s.Threads);
        var contest = new Contest();
        contest.Add("Gemm of the layer in float32", () => GemmScale.Multiply(x, w, y, s, s.Threads), s.Operations, "GOP/s");
        contest.Add("w4a4, eq. (11) complete", () => Apply(resident, x, y, s), s.Operations, "GOP/s");
        contest.Add("w4a4, rotated", () => Apply(rotated, x, y, s), s.Operations, "GOP/s");
        contest.Add("w4a4, weights decoded on use", () => Apply(mapped, x, y, s), s.Operations, "GOP/s");
        contest.Add("  of it: rounding the tokens", () =>
            tokens.Load(new ReadOnlyMatrixView(x, s.Tokens, s.Inputs), new Mxfp4Rounding(TieRule.Even, 0.9f, 0, float.PositiveInfinity),
                negate: false, s.Threads));
        contest.Add("  of it: integer products", () => Mxfp4Product.Add(tokens, panels, new MatrixView(y, s.Tokens, s.Outputs), s.Threads),
            s.Operations, "GOP/s");
        contest.Add("w4a16", () => Apply(w4a16, x, y, s), s.Operations, "GOP/s");
        contest.Add("libtorch, float32", torch?.Float32(x, w, s), s.Operations, "GOP/s");
        contest.Add("libtorch, bfloat16", torch?.BFloat16(x, w, s), s.Operations, "GOP/s");
        IReadOnlyDictionary<string, Timing> times = contest.Run(s.Rounds);
        double own = times["w4a4, eq. (11) complete"].Of(s.Threads);
        return new Figures
        {
            ["faster"] = times["Gemm of the layer in float32"].Of(s.Threads) / own,
            ["torch"] = torch is null ? double.NaN : times["libtorch, float32"].Of(s.Threads) / own,
            ["torch16"] = torch is null ? double.NaN : times["libtorch, bfloat16"].Of(s.Threads) / own,
        };
    }

    private static void Apply(QuantizedLinear linear, float[] x, float[] y, Settings s) =>
        linear.Apply(new ReadOnlyMatrixView(x, s.Tokens, s.Inputs), new MatrixView(y, s.Tokens, s.Outputs), 500, s.Threads);
}
