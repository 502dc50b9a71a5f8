using System.Runtime.InteropServices;
using QuantBuild.Denoisers;
using QuantBuild.DeviceTable.Inputs;
using QuantBuild.Formats;
using QuantBuild.Models;
using QuantBuild.Models.Wan;
using QuantBuild.Torch;
using QuantBuild.Torch.Layers;
using QuantBuild.Torch.Tensors;
using static TorchSharp.torch;

namespace QuantBuild.DeviceTable.Rows;

/// <summary>One block of the expert's width: how far bfloat16 is from float32, and both tiers of 4-bit layers.</summary>
internal static class ParityRow
{
    private const int Tokens = 256;

    public static void Run(Measuring measuring)
    {
        Layers(measuring);
        WanConfig config = measuring.Sizes.Expert with { NumLayers = 1 };
        float[] full = Predict(measuring, TorchPrecision.Float32, fp8: false, runtime => Experts.Full(runtime, config));
        float[] half = Predict(measuring, TorchPrecision.BFloat16, fp8: false, runtime => Experts.Full(runtime, config));
        string what = $"velocity, against float32 on the same device; {measuring.Sizes.Clip.Volume / 4} tokens";
        measuring.Report("full precision in bfloat16", Difference(full, half), "relative", what);

        IDenoiser Open(TorchRuntime runtime) => Experts.Quantized(runtime, config, measuring.Sizes.Rank);
        float[] exact = Predict(measuring, TorchPrecision.Float32, fp8: false, Open);
        measuring.Report("4 bits in bfloat16", Difference(exact, Predict(measuring, TorchPrecision.BFloat16, fp8: false, Open)), "relative",
            what);
        int folded = 0;
        float[] fold = Predict(measuring, TorchPrecision.BFloat16, fp8: true, runtime =>
        {
            IDenoiser denoiser = Open(runtime);
            folded = runtime.FoldedLayers;
            return denoiser;
        });
        if (folded == 0)
            measuring.LeaveOut("4 bits as FP8", "no layer is folded: the device's product of FP8 operands is missing, or not right");
        else
            measuring.Report("4 bits as FP8", Difference(exact, fold), "relative", $"{what}; {folded} layers folded");
    }

    /// <summary>
    /// Single layers on the same bfloat16 input. In a block differences are larger: what is a bit different rounds to another 4-bit value.
    /// </summary>
    private static void Layers(Measuring measuring)
    {
        var layers = new MadeUpLayers(measuring.Sizes.Rank);
        foreach ((int outputs, int inputs, _) in measuring.Sizes.Linears)
        {
            QuantizedLayer layer = layers.Of(outputs, inputs);
            float[] exact = Apply(measuring, TorchPrecision.Float32, fp8: false, layer);
            string note = $"against float32 on the same input; {Tokens} tokens";
            measuring.Report($"layer of 4 bits in bfloat16, {outputs} x {inputs}",
                Difference(exact, Apply(measuring, TorchPrecision.BFloat16, fp8: false, layer)), "relative", note);
            measuring.Report($"layer of 4 bits as FP8, {outputs} x {inputs}",
                Difference(exact, Apply(measuring, TorchPrecision.BFloat16, fp8: true, layer)), "relative", note);
        }
    }

    private static float[] Apply(Measuring measuring, TorchPrecision precision, bool fp8, QuantizedLayer layer)
    {
        using TorchRuntime runtime = measuring.Open(precision, fp8);
        using TensorWork work = runtime.Space.Begin();
        using ITorchLinear linear = runtime.Quantized(layer, WeightStorage.Resident);
        float[] x = [.. RandomValues.Normal(Tokens * layer.InFeatures, 1).Select(BFloat16.Round)],
            y = new float[Tokens * layer.OutFeatures];
        TensorSpace.CopyToHost(linear.Apply(runtime.Space.Of(x, Tokens, layer.InFeatures), 500).to(ScalarType.Float32),
            MemoryMarshal.AsBytes(y.AsSpan()));
        return y;
    }

    private static float[] Predict(Measuring measuring, TorchPrecision precision, bool fp8, Func<TorchRuntime, IDenoiser> open)
    {
        using TorchRuntime runtime = measuring.Open(precision, fp8);
        using IDenoiser denoiser = open(runtime);
        return Experts.Predict(denoiser, measuring.Sizes.Expert, measuring.Sizes.Clip);
    }

    /// <summary>||a - b|| / ||a||.</summary>
    private static double Difference(float[] expected, float[] actual)
    {
        double difference = 0, norm = 0;
        for (int i = 0; i < expected.Length; i++)
        {
            difference += Math.Pow((double)expected[i] - actual[i], 2);
            norm += Math.Pow(expected[i], 2);
        }
        return Math.Sqrt(difference / norm);
    }
}
