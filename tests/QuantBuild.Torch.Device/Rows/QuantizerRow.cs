using QuantBuild.DeviceTable.Inputs;
using QuantBuild.Formats;
using QuantBuild.Torch;
using QuantBuild.Torch.Formats;
using QuantBuild.Torch.Kernels;
using QuantBuild.Torch.Tensors;
using TorchSharp;
using static TorchSharp.torch;

namespace QuantBuild.DeviceTable.Rows;

/// <summary>
/// What becomes of a layer's input alone, by plain operations and by the kernel. Bytes are those that have to be read and written once: the
/// input, the smoothed input for the branch, and the values.
/// </summary>
internal static class QuantizerRow
{
    public static void Run(Measuring measuring)
    {
        using TorchRuntime runtime = measuring.Open(TorchPrecision.BFloat16);
        TensorSpace space = runtime.Space;
        using var operations = new OperationQuantizer(space, runtime.Tables, byStages: space.IsCuda);
        using var chosen = new DeviceQuantizer(space, runtime.Tables, CudaKernels.Open);
        foreach (int width in (int[])[measuring.Sizes.Expert.Dim, measuring.Sizes.Expert.FfnDim])
        {
            using TensorWork work = space.Begin();
            Tensor x = randn([measuring.Sizes.Tokens, width], ScalarType.Float32, space.Device).to(ScalarType.BFloat16);
            Tensor smooth = space.Of(RandomValues.Positive(width, 1), width);
            foreach (bool rotated in (bool[])[false, true])
            {
                var form = new InputForm(smooth, rotated);
                Measure(measuring, "plain operations", operations, x, form);
                if (chosen.Quantizer is KernelQuantizer kernel)
                    Measure(measuring, "one kernel", kernel, x, form);
                else
                    measuring.LeaveOut($"one kernel, {width}{(rotated ? ", rotated" : "")}", chosen.Description);
            }
        }
    }

    private static void Measure(Measuring measuring, string name, IInputQuantizer quantizer, Tensor x, InputForm form)
    {
        var rounding = new InputRounding(new ClipSetting(0.9f), TieRule.Even);
        Tensor target = empty(x.shape, dtype: ScalarType.BFloat16, device: x.device);
        Report("to bfloat16", 2, () => quantizer.Round(x, form, rounding, target, keepsSmoothed: true));
        Report("to FP8", 1, () => quantizer.Fold(x, form, rounding, keepsSmoothed: true));

        void Report(string kind, int bytesOfValue, Action run)
        {
            double seconds = measuring.Seconds(() =>
            {
                using DisposeScope scope = NewDisposeScope();
                run();
            });
            measuring.Report($"{name}, {kind}, {x.shape[1]}{(form.IsRotated ? ", rotated" : "")}",
                (2 + 4 + bytesOfValue) * (double)x.numel() / seconds / 1e9, "GB/s", $"{x.shape[0]} tokens, {seconds * 1e3:G4} ms");
        }
    }
}
