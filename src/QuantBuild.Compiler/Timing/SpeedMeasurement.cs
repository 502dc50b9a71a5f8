using System.Diagnostics;
using System.Text.Json.Nodes;
using QuantBuild.Compiler.Actions;
using QuantBuild.Compiler.Costs;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Quantizers;
using QuantBuild.Compiler.Stages;
using QuantBuild.Compiler.Store;
using QuantBuild.Formats;
using QuantBuild.Kernels;
using QuantBuild.Matrices;
using QuantBuild.SafeTensors;

namespace QuantBuild.Compiler.Timing;

/// <summary>
/// Does the work of each stage on made-up layers of two sizes, for about three seconds. Processor time counts, not the clock, so that other
/// work on the machine does not matter much.
/// </summary>
internal static class SpeedMeasurement
{
    private const int Rank = 16;
    private const int RotatedSize = 64;
    private const int Actions = 12;

    /// <summary>Measures.</summary>
    /// <param name="store">A store; a temporary one is made beside its temporary files.</param>
    /// <param name="ct">Ends it between two measurements.</param>
    public static MachineSpeed Run(ContentStore store, CancellationToken ct)
    {
        double rotation = Rotation();
        OperationSeconds small = Layer(MachineSpeed.SmallSize, tokens: 2048, rotation, ct),
            large = Layer(MachineSpeed.LargeSize, tokens: 512, rotation, ct);
        (double action, double perByte) = Storing(store);
        return new MachineSpeed(MachineIdentity.Text, Environment.ProcessorCount, action, perByte, rotation, small, large);
    }

    private static double Rotation()
    {
        float[] w = Values(new Random(42), RotatedSize * RotatedSize);
        return Best(() => LowRankSplit.Of(new(w, RotatedSize, RotatedSize), new LowRankRecipe(Rank, LowRankMethod.Exact), seed: 1))
            / Math.Pow(RotatedSize, 3);
    }

    private delegate void WithTokens(ReadOnlyMatrixView tokens);

    private static OperationSeconds Layer(int size, int tokens, double rotation, CancellationToken ct)
    {
        var random = new Random(42);
        float[] w = Values(random, size * size), x = Values(random, tokens * size), y = new float[tokens * size];
        double square = (double)size * size, products = tokens * square;
        ActivationQuantizer quantizer = ActivationQuantizer.Unclipped(TieRule.Even);
        LowRankBranch branch = null!;
        float[] hessian = [];
        GptqResult rounded = null!;

        double product = Seconds(() => Gemm.Multiply(Tokens(), Weight().Transposed, new MatrixView(y, tokens, size))) / products;
        double lowRank = Seconds(() => branch = LowRankSplit.Of(Weight(), new LowRankRecipe(Rank, LowRankMethod.Randomized), seed: 1))
            / branch.Passes;
        double width = LowRankStage.BasisOf(Rank), passes = Math.Max(lowRank / 4, lowRank - (width * width * width * rotation))
            / (square * width);
        double gram = Seconds(() =>
        {
            var sum = new InputHessian(size, quantizer);
            sum.Add(Tokens(), []);
            hessian = sum.Finish();
        }) / products;
        // The factorization takes the place of the matrix: every run needs its own, and copying one is next to nothing.
        double gptq = Seconds(() => rounded = Gptq.Quantize(Weight(), new MatrixView([.. hessian], size, size), new GptqOptions()))
            / (square * size);
        (double clip, double clipWeight) =
            Split(some => ClipSearch.Search(some, Weight(), rounded.Weight, LayerRecipe.Default.Activations));
        // Four that differ, as in a build: equal ones would be measured once.
        PackedWeight nearest = RoundToNearest.Quantize(Weight(), TieRule.Even).Weight;
        float[] scale = [.. Enumerable.Repeat(1f, size)];
        MeasuredLayer[] ladder =
        [
            new(null, null, nearest, quantizer), new(scale, branch, nearest, quantizer), new(scale, branch, rounded.Weight, quantizer),
            new(scale, branch, rounded.Weight, new ActivationQuantizer(new ClipSetting(0.9f), TieRule.Even)),
        ];
        (double measure, double measureWeight) = Split(some => LayerError.Measure(some, Weight(), ladder));
        return new OperationSeconds(product, passes, gram, gptq, clip, measure * square / MeasureStage.LadderOf(size, size, Rank),
            clipWeight, measureWeight);

        // With all tokens and with a quarter of them: what does not grow with the tokens is the weight's.
        (double PerOperation, double PerWeight) Split(WithTokens work)
        {
            double all = Seconds(() => work(Tokens())), few = Seconds(() => work(new ReadOnlyMatrixView(x, tokens / 4, size)));
            double slope = Math.Clamp((all - few) / (products * 3 / 4), all / products / 10, all / products);
            return (slope, Math.Max(0, all - (slope * products)) / square);
        }

        ReadOnlyMatrixView Weight() => new(w, size, size);

        ReadOnlyMatrixView Tokens() => new(x, tokens, size);

        double Seconds(Action work)
        {
            ct.ThrowIfCancellationRequested();
            return Best(work);
        }
    }

    private static float[] Values(Random random, int count)
    {
        var values = new float[count];
        for (int i = 0; i < count; i++)
            values[i] = (float)(random.NextDouble() - random.NextDouble());
        return values;
    }

    /// <summary>What is not arithmetic: an action's records and files, and the bytes of large ones.</summary>
    private static (double Action, double Byte) Storing(ContentStore store)
    {
        string folder = store.NewTemporary();
        try
        {
            using ContentStore trial = ContentStore.Open(folder);
            byte[] bytes = new byte[4 << 20];
            double perByte = Best(() =>
            {
                bytes[0]++;
                trial.Put(bytes);
            }) / bytes.Length;
            int number = 0;
            double actions = Best(() =>
            {
                for (int i = 0; i < Actions; i++)
                {
                    var spec = new ActionSpec(BuildStages.Gptq, NumericProfile.Cpu, "", "speed",
                        new JsonObject { ["number"] = number++ }, []);
                    new StageRunner(new BuildStore(trial), SilentObserver.Instance).Run(spec, () =>
                        Outputs.Of("content", trial.StoreTensors(TensorData.Of("n", [1], new[] { number }))), CancellationToken.None);
                }
            }) / Actions;
            return (actions, perByte);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>Processor seconds of the best of a few runs, after one that compiles the code.</summary>
    private static double Best(Action work)
    {
        work();
        double best = double.PositiveInfinity, total = 0;
        for (int run = 0; run < 6 && (run < 3 || total < 0.08); run++)
        {
            double seconds = Repeated(work);
            best = Math.Min(best, seconds);
            total += seconds;
        }
        return best;
    }

    /// <summary>Once, or as often as the clock of processor time, which counts hundredths of seconds on some systems, can tell.</summary>
    private static double Repeated(Action work)
    {
        using var process = Process.GetCurrentProcess();
        TimeSpan start = process.TotalProcessorTime, spent;
        int runs = 0;
        do
        {
            work();
            runs++;
            process.Refresh();
            spent = process.TotalProcessorTime - start;
        }
        while (spent.TotalMilliseconds < 15);
        return spent.TotalSeconds / runs;
    }
}
