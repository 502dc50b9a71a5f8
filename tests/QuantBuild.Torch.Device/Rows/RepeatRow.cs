using System.Runtime.InteropServices;
using System.Security.Cryptography;
using QuantBuild.Denoisers;
using QuantBuild.DeviceTable.Inputs;
using QuantBuild.Models.Wan;
using QuantBuild.Torch;

namespace QuantBuild.DeviceTable.Rows;

/// <summary>Whether a block's prediction has the same bytes twice; a second process measures it again.</summary>
internal static class RepeatRow
{
    public static void Run(Measuring measuring)
    {
        WanConfig config = measuring.Sizes.Expert with { NumLayers = 1 };
        Report(measuring, "full precision", fp8: false, runtime => Experts.Full(runtime, config));
        Report(measuring, "4 bits in bfloat16", fp8: false, runtime => Experts.Quantized(runtime, config, measuring.Sizes.Rank));
        Report(measuring, "4 bits as FP8", fp8: true, runtime => Experts.Quantized(runtime, config, measuring.Sizes.Rank));
    }

    private static void Report(Measuring measuring, string name, bool fp8, Func<TorchRuntime, IDenoiser> open)
    {
        using TorchRuntime runtime = measuring.Open(TorchPrecision.BFloat16, fp8);
        using IDenoiser denoiser = open(runtime);
        string first = Digest(), second = Digest();
        measuring.Report(name, first == second ? first : $"differs: {first}, {second}");

        string Digest() => Convert.ToHexStringLower(SHA256.HashData(MemoryMarshal.AsBytes<float>(
            Experts.Predict(denoiser, measuring.Sizes.Expert, measuring.Sizes.Clip))))[..16];
    }
}
