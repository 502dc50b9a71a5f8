using QuantBuild.Compiler.Compute;
using QuantBuild.Compiler.Compute.Cpu;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Quantizers;
using QuantBuild.Formats;
using QuantBuild.Matrices;

namespace QuantBuild.Benchmarks;

/// <summary>A layer's branch and rounded weight: one after the other by SVD and GPTQ, and in turns by a refit of six rounds.</summary>
internal static class RefitScale
{
    private const int Samples = 12;

    public static Figures Run(Settings s)
    {
        float[] x = Data.Activations(s.Tokens, s.Inputs), w = Data.Weight(s.Outputs, s.Inputs);
        LayerRecipe refit = LayerRecipe.Default.With(RecipeSettings.LeastGain, 0);
        var tokens = new Tokens(x, s.Inputs);
        Timing before = Contest.Time(() =>
        {
            float[] residual = [.. w];
            LowRankSplit.Of(Matrix(w), refit.LowRank, seed: 1, s.Threads)
                .SubtractFrom(new MatrixView(residual, s.Outputs, s.Inputs), s.Threads);
            var hessian = new InputHessian(s.Inputs, ActivationQuantizer.Unclipped(TieRule.Even));
            foreach (Memory<float> portion in tokens.Portions([0], 1024))
                hessian.Add(new ReadOnlyMatrixView(portion.Span, portion.Length / s.Inputs, s.Inputs), [], s.Threads);
            Gptq.Quantize(Matrix(residual), new MatrixView(hessian.Finish(s.Threads), s.Inputs, s.Inputs), new GptqOptions(), s.Threads);
        });
        Timing six = Refit(refit), none = Refit(refit.With(RecipeSettings.Rounds, 0));
        Console.WriteLine($"  {ProcessorText.Text}, {tokens.Rows([0])} tokens, rank {refit.LowRank.Rank}");
        foreach ((string name, Timing time) in ((string, Timing)[])[("SVD and GPTQ", before), ("refit, 6 rounds", six),
            ("refit, 0 rounds", none)])
            Console.WriteLine(
                $"  {name,-32} {time.Wall,8:F2} s  cpu {time.Processor,8:F2} s  {time.Of(s.Threads) / before.Of(s.Threads),6:F2} x");
        return new Figures { ["six"] = six.Of(s.Threads) / before.Of(s.Threads) };

        ReadOnlyMatrixView Matrix(float[] values) => new(values, s.Outputs, s.Inputs);

        Timing Refit(LayerRecipe recipe) => Contest.Time(() => Run(recipe, tokens, w, s));
    }

    /// <summary>The product's default for a layer, on as many threads as it is called with.</summary>
    public static Action<int> Default(float[] x, float[] w, Settings s)
    {
        var tokens = new Tokens(x, s.Inputs);
        return threads => Run(LayerRecipe.Default, tokens, w, s with { Threads = threads });
    }

    private static void Run(LayerRecipe recipe, Tokens tokens, float[] w, Settings s) =>
        new CpuRefit(new LayerSpec("layer", s.Outputs, s.Inputs, recipe), tokens, new InputForm(s.Inputs, [], Rotation.None), s.Threads,
            CancellationToken.None).Run(new ReadOnlyMatrixView(w, s.Outputs, s.Inputs), [0], seed: 1);

    /// <summary>Tokens in memory, as those of several samples.</summary>
    private sealed class Tokens(float[] values, int channels) : IRecordedTokens
    {
        public int Samples => RefitScale.Samples;

        public long Rows(IReadOnlyCollection<int> steps) => values.Length / channels;

        public IEnumerable<Memory<float>> Portions(IReadOnlyCollection<int> steps, int rows, Func<int, bool>? samples = null)
        {
            int all = values.Length / channels, each = (all + Samples - 1) / Samples;
            for (int sample = 0; sample < Samples; sample++)
            {
                for (int first = sample * each; first < Math.Min(all, (sample + 1) * each) && samples?.Invoke(sample) != false;
                    first += rows)
                {
                    int count = Math.Min(rows, Math.Min(all, (sample + 1) * each) - first);
                    yield return values.AsSpan(first * channels, count * channels).ToArray();
                }
            }
        }
    }
}
