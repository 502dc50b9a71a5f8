using QuantBuild.DeviceTable.Inputs;
using QuantBuild.Models;
using QuantBuild.Torch;
using QuantBuild.Torch.Formats;
using QuantBuild.Torch.Kernels;
using QuantBuild.Torch.Layers;
using QuantBuild.Torch.Tensors;
using TorchSharp;
using static TorchSharp.torch;

namespace QuantBuild.DeviceTable.Rows;

/// <summary>
/// Linear layers of a block over a video's tokens: full precision in bfloat16, 4 bits in bfloat16, 4 bits as FP8 with plain operations and
/// with the kernel. All do 2 tokens in out operations by name; branch, rounding and fold are not counted, and take time.
/// </summary>
internal static class LinearRow
{
    public static void Run(Measuring measuring)
    {
        using TorchRuntime runtime = measuring.Open(TorchPrecision.BFloat16, fp8: true);
        TensorSpace space = runtime.Space;
        using var operations = new OperationQuantizer(space, runtime.Tables, byStages: space.IsCuda);
        using var chosen = new DeviceQuantizer(space, runtime.Tables, CudaKernels.Open);
        using ScaledProduct? product = ScaledProduct.Probe(space.Device);
        var layers = new MadeUpLayers(measuring.Sizes.Rank);
        foreach ((int outputs, int inputs, _) in measuring.Sizes.Linears)
        {
            using TensorWork work = space.Begin();
            QuantizedLayer layer = layers.Of(outputs, inputs);
            Tensor x = randn([measuring.Sizes.Tokens, inputs], ScalarType.Float32, space.Device).to(ScalarType.BFloat16);
            Measure(measuring, "full precision", layer, Dense(space, layer), x);
            foreach ((string name, IInputQuantizer quantizer) in Quantizers(measuring, operations, chosen, layer))
            {
                Measure(measuring, "4 bits in bfloat16" + name, layer,
                    new QuantBuild.Torch.Layers.QuantizedLinear(layer, space, runtime.Tables, quantizer, WeightStorage.Resident), x);
                if (product is null)
                    measuring.LeaveOut($"4 bits as FP8{name}, {outputs} x {inputs}", "the device's product of FP8 operands is missing");
                else if (FoldedLinear.TryFold(layer, space, runtime.Tables, quantizer, product, out long misfits) is { } folded)
                    Measure(measuring, "4 bits as FP8" + name, layer, folded, x);
                else
                    measuring.LeaveOut($"4 bits as FP8{name}, {outputs} x {inputs}", $"{misfits} rows do not fold");
            }
        }
    }

    private static IEnumerable<(string, IInputQuantizer)> Quantizers(Measuring measuring, OperationQuantizer operations,
        DeviceQuantizer chosen,
        QuantizedLayer layer)
    {
        yield return (", plain operations", operations);
        if (chosen.Quantizer is KernelQuantizer kernel)
            yield return (", one kernel", kernel);
        else
            measuring.LeaveOut($"one kernel, {layer.OutFeatures} x {layer.InFeatures}", chosen.Description);
    }

    private static DenseLinear Dense(TensorSpace space, QuantizedLayer layer)
    {
        Tensor weight = randn([layer.OutFeatures, layer.InFeatures], ScalarType.Float32, space.Device).to(ScalarType.BFloat16);
        Tensor bias = zeros([layer.OutFeatures], ScalarType.BFloat16, space.Device);
        return new DenseLinear(new HeldTensor(() => weight, WeightStorage.Resident), new HeldTensor(() => bias, WeightStorage.Resident));
    }

    private static void Measure(Measuring measuring, string name, QuantizedLayer layer, ITorchLinear linear, Tensor x)
    {
        using (linear)
        {
            double seconds = measuring.Seconds(() =>
            {
                using DisposeScope scope = NewDisposeScope();
                linear.Apply(x, 500);
            });
            double operations = 2.0 * x.shape[0] * layer.OutFeatures * layer.InFeatures;
            measuring.Report($"{name}, {layer.OutFeatures} x {layer.InFeatures}", operations / seconds / 1e12, "TFLOP/s",
                $"{x.shape[0]} tokens, {seconds * 1e3:G4} ms");
        }
    }
}
