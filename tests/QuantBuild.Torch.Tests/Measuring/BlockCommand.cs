using System.Globalization;
using QuantBuild.Models;
using QuantBuild.Models.Wan;
using QuantBuild.Torch.Tests.Formats;
using QuantBuild.Denoisers;

namespace QuantBuild.Torch.Tests.Measuring;

/// <summary>
/// <c>block [--rounds N] [--threads N]</c>: a forward pass with one block of the real width, by TorchSharp and by QuantBuild's own kernels,
/// in turns. With one thread the processor's time can be trusted on a busy machine; the clock needs an idle one.
/// </summary>
internal static class BlockCommand
{
    // 1,280 tokens of 2 x 2.
    private static readonly LatentShape Shape = new(5, 32, 32);

    private static readonly WanConfig Config = new()
    {
        Dim = 5120, FfnDim = 13824, NumHeads = 40, NumLayers = 1, InDim = 36, OutDim = 16, TextLen = 512, TextDim = 4096, FreqDim = 256,
    };

    public static int Run(string[] args)
    {
        int rounds = Option(args, "--rounds", 3), threads = Option(args, "--threads", Environment.ProcessorCount);
        var source = new MadeUpExpert(Config);
        using TorchRuntime bfloat16 = Open(TorchPrecision.BFloat16, threads), float32 = Open(TorchPrecision.Float32, threads);
        (string Name, IDenoiser Denoiser, List<(double Clock, double Processor)> Passes, float[] Velocity)[] contestants =
        [
            ("own kernels, float32", CpuDenoiserFactory.Instance.Open(Config, source), [], new float[Config.OutDim * Shape.Volume]),
            ("TorchSharp, float32", float32.Open(Config, source), [], new float[Config.OutDim * Shape.Volume]),
            ("TorchSharp, bfloat16", bfloat16.Open(Config, source), [], new float[Config.OutDim * Shape.Volume]),
        ];
        float[] latent = Inputs.Normal(Config.OutDim * Shape.Volume, new Random(1));
        var conditioning = new WanConditioning(Inputs.Normal(64 * Config.TextDim, new Random(2)), 64,
            Inputs.Normal(Config.ConditionDim * Shape.Volume, new Random(3)));
        for (int round = 0; round <= rounds; round++)
        {
            foreach ((_, IDenoiser denoiser, List<(double Clock, double Processor)> passes, float[] velocity) in contestants)
            {
                Moment before = Moment.Now;
                denoiser.Predict(Shape, latent, 500, conditioning, velocity, threads: threads);
                // The first pass embeds prompt and time, which later ones remember.
                if (round > 0)
                    passes.Add(before.Since());
            }
        }
        Console.WriteLine(
            $"{Processor()}, {threads} threads; 5120 x 13824, 40 heads, {Shape.Volume / 4} tokens, one block, {rounds} rounds");
        (double clock, double processor) = Medians(contestants[0].Passes);
        foreach ((string name, IDenoiser denoiser, List<(double Clock, double Processor)> passes, float[] velocity) in contestants)
        {
            (double c, double p) = Medians(passes);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{name,-22} clock {c,6:F2} s, {clock / c:F2} times   processor {p,6:F2} s, "
                + $"{processor / p:F2} times   difference {Errors.Relative(contestants[0].Velocity, velocity):E1}"));
            denoiser.Dispose();
        }
        return 0;
    }

    private static (double Clock, double Processor) Medians(List<(double Clock, double Processor)> passes) =>
        (Median(passes.Select(pass => pass.Clock)), Median(passes.Select(pass => pass.Processor)));

    private static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return sorted[sorted.Length / 2];
    }

    private static TorchRuntime Open(TorchPrecision precision, int threads) =>
        TorchRuntime.Open(new TorchOptions { Precision = precision, Threads = threads });

    private static int Option(string[] args, string name, int otherwise) =>
        Array.IndexOf(args, name) is var at and >= 0 && at + 1 < args.Length
        ? int.Parse(args[at + 1], CultureInfo.InvariantCulture)
        : otherwise;

    /// <summary>The processor's name, and which of the instructions for bfloat16 it has.</summary>
    private static string Processor()
    {
        string[] lines = File.Exists("/proc/cpuinfo") ? File.ReadAllLines("/proc/cpuinfo") : [];
        string Field(string name) => lines.FirstOrDefault(line => line.StartsWith(name, StringComparison.Ordinal))?.Split(':')[1].Trim()
            ?? "";
        string[] flags = Field("flags").Split(' ');
        return $"{Field("model name")} "
            + $"({string.Join(", ", new[] { "avx512_bf16", "amx_bf16" }.Where(flags.Contains).DefaultIfEmpty("no bfloat16"))})";
    }
}
