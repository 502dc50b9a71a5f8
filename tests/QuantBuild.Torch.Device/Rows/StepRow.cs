using System.Diagnostics;
using QuantBuild.Denoisers;
using QuantBuild.DeviceTable.Inputs;
using QuantBuild.Models.Wan;
using QuantBuild.Torch;

namespace QuantBuild.DeviceTable.Rows;

/// <summary>One pass of a whole expert over a video's tokens: a sampling step without guidance.</summary>
internal static class StepRow
{
    /// <summary>In full precision.</summary>
    public static void RunFull(Measuring measuring)
    {
        using TorchRuntime runtime = measuring.Open(TorchPrecision.BFloat16);
        Measure(measuring, "full precision in bfloat16", bytesOfWeight: 2, () => Experts.Full(runtime, measuring.Sizes.Expert));
    }

    /// <summary>In both tiers of 4 bits.</summary>
    public static void RunQuantized(Measuring measuring)
    {
        foreach (bool fp8 in (bool[])[true, false])
        {
            using TorchRuntime runtime = measuring.Open(TorchPrecision.BFloat16, fp8);
            if (fp8 && !runtime.HasFp8)
            {
                measuring.LeaveOut("4 bits as FP8", "the device's product of FP8 operands is missing");
                continue;
            }
            Measure(measuring, fp8 ? "4 bits as FP8" : "4 bits in bfloat16", fp8 ? 1 : 2,
                () => Experts.Quantized(runtime, measuring.Sizes.Expert, measuring.Sizes.Rank), $"; rounded by {runtime.Rounding}");
        }
    }

    private static void Measure(Measuring measuring, string name, int bytesOfWeight, Func<IDenoiser> open, string note = "")
    {
        WanConfig config = measuring.Sizes.Expert;
        double weights = (double)config.NumLayers * ((8.0 * config.Dim * config.Dim) + (2.0 * config.Dim * config.FfnDim)) * bytesOfWeight;
        // A pass holds the stream, a layer's input and output in both types, and a layer's rounding by plain operations.
        double pass = 4.0 * measuring.Sizes.Tokens * ((8.0 * config.Dim) + (10.0 * config.FfnDim));
        if (measuring.Memory is { } memory && memory < weights + pass)
        {
            measuring.LeaveOut(name, $"it takes some {(weights + pass) / 1e9:F0} GB, and the device has {memory / 1e9:F0}");
            return;
        }
        long start = Stopwatch.GetTimestamp();
        using IDenoiser denoiser = open();
        measuring.Report($"bringing the weights there, {name}", Stopwatch.GetElapsedTime(start).TotalSeconds, "s", "made up on the way");
        // The first pass embeds text and time, which later ones remember.
        Experts.Predict(denoiser, config, measuring.Sizes.Video);
        start = Stopwatch.GetTimestamp();
        Experts.Predict(denoiser, config, measuring.Sizes.Video);
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        measuring.Report($"a step, {name}", seconds, "s", $"{measuring.Sizes.Tokens} tokens, {config.NumLayers} blocks, "
            + $"{measuring.Sizes.StepOperations / seconds / 1e12:G4} TFLOP/s{note}");
    }
}
