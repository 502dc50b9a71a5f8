using System.Runtime.InteropServices;
using QuantBuild.Formats;
using QuantBuild.Torch.Formats;
using QuantBuild.Torch.Tensors;
using TorchSharp;
using static TorchSharp.torch;

namespace QuantBuild.Torch.Kernels;

/// <summary>Whether two quantizers give the same bits on a device, for inputs that have what can go wrong.</summary>
internal static class QuantizerCheck
{
    private const int Rows = 48;

    /// <summary>Of the thread's chunks and blocks: several rounds of a thread block, half a block, and no multiple of anything.</summary>
    private static readonly int[] Widths = [1056, 80, 71];

    private static readonly InputRounding[] Roundings =
    [
        new(ClipSetting.None, TieRule.Even), new(new ClipSetting(0.7f, 1), TieRule.Zero), new(new ClipSetting(0.6f, -2), TieRule.Even),
        new(new ClipSetting(1, 0, 0.75f), TieRule.Even),
    ];

    /// <summary>Compares.</summary>
    /// <param name="one">The one.</param>
    /// <param name="other">The other.</param>
    /// <param name="device">The device.</param>
    public static bool Agree(IInputQuantizer one, IInputQuantizer other, Device device)
    {
        foreach (int width in Widths)
        {
            float[] values = Values(Rows, width), scales = [.. values.Take(width).Select((_, i) => 0.25f + (i % 7 * 0.3f))];
            using DisposeScope scope = NewDisposeScope();
            Tensor floats = Upload(values, device, Rows, width), smooth = Upload(scales, device, width);
            foreach (Tensor x in (Tensor[])[floats, floats.to(ScalarType.BFloat16)])
            {
                foreach (InputForm form in Forms(smooth, width))
                {
                    if (!Roundings.All(rounding => AgreeOn(one, other, x, form, rounding)))
                        return false;
                }
            }
        }
        return true;
    }

    private static bool AgreeOn(IInputQuantizer one, IInputQuantizer other, Tensor x, InputForm form, InputRounding rounding)
    {
        using DisposeScope scope = NewDisposeScope();
        (Tensor values, Tensor? smoothed) = Rounded(one, x, form, rounding);
        (Tensor otherValues, Tensor? otherSmoothed) = Rounded(other, x, form, rounding);
        (Fp8Fold.Rows rows, Tensor? fromFold) = one.Fold(x, form, rounding, keepsSmoothed: true);
        (Fp8Fold.Rows otherRows, _) = other.Fold(x, form, rounding, keepsSmoothed: true);
        return Bytes(values).SequenceEqual(Bytes(otherValues)) && AreSameNumbers(smoothed!, otherSmoothed!)
            && AreSameNumbers(fromFold!, otherSmoothed!) && Bytes(rows.Values).SequenceEqual(Bytes(otherRows.Values))
            && Bytes(rows.Scales).SequenceEqual(Bytes(otherRows.Scales)) && Bytes(rows.Fits).SequenceEqual(Bytes(otherRows.Fits));
    }

    /// <summary>Into rows that are longer than the input, whose other columns stay.</summary>
    private static (Tensor Values, Tensor? Smoothed) Rounded(IInputQuantizer quantizer, Tensor x, InputForm form, InputRounding rounding)
    {
        Tensor target = ones([x.shape[0], ((x.shape[1] + 7) / 8 * 8) + 24], dtype: ScalarType.BFloat16, device: x.device);
        return (target, quantizer.Round(x, form, rounding, target.narrow(1, 0, x.shape[1]), keepsSmoothed: true));
    }

    private static IEnumerable<InputForm> Forms(Tensor smooth, int width)
    {
        yield return new InputForm(null, IsRotated: false);
        yield return new InputForm(smooth, IsRotated: false);
        if (width % Mxfp4.BlockSize == 0)
            yield return new InputForm(smooth, IsRotated: true);
    }

    /// <summary>
    /// Numbers of all sizes in turns of rows, with midpoints of E2M1, blocks and rows of zeros, infinities, NaNs, the least and the largest
    /// floats.
    /// </summary>
    private static float[] Values(int rows, int columns)
    {
        float[] special = [0, -0f, 0.25f, 0.75f, 1.25f, -1.75f, 2.5f, 3.5f, -5, 6, float.Epsilon, -1e-40f, 3e38f, float.MaxValue,
            float.PositiveInfinity, float.NegativeInfinity, float.NaN];
        var x = new float[rows * columns];
        uint state = 1;
        for (int i = 0; i < x.Length; i++)
        {
            (int row, int column) = (i / columns, i % columns);
            // Numerical Recipes' generator: any will do, and this one is the same everywhere.
            state = (state * 1664525) + 1013904223;
            double uniform = (state / 4294967296.0) - 0.5;
            x[i] = (row % 8, state >> 27) switch
            {
                (7, _) => 0,
                (6, _) => special[(int)((state >> 16) % 10)] * (float)Math.Pow(2, (int)(state >> 8) % 3),
                (5, _) when column / Mxfp4.BlockSize % 2 == 1 => 0,
                // Blocks that are many octaves apart.
                (4, _) => (float)(uniform * Math.Pow(2, -3 * (column / Mxfp4.BlockSize))),
                (_, 0) => special[(state >> 16) % special.Length],
                _ => (float)(uniform * Math.Pow(2, (row * 29 % 260) - 140)),
            };
        }
        return x;
    }

    /// <summary>Equal bits, but for NaNs, of which there are many.</summary>
    private static bool AreSameNumbers(Tensor a, Tensor b)
    {
        ReadOnlySpan<float> left = MemoryMarshal.Cast<byte, float>(Bytes(a)), right = MemoryMarshal.Cast<byte, float>(Bytes(b));
        for (int i = 0; i < left.Length; i++)
        {
            if (BitConverter.SingleToInt32Bits(left[i]) != BitConverter.SingleToInt32Bits(right[i])
                && !(float.IsNaN(left[i]) && float.IsNaN(right[i])))
                return false;
        }
        return left.Length == right.Length;
    }

    private static byte[] Bytes(Tensor tensor)
    {
        var bytes = new byte[tensor.numel() * tensor.element_size()];
        TensorSpace.CopyToHost(tensor, bytes);
        return bytes;
    }

    private static Tensor Upload(float[] values, Device device, params long[] shape) =>
        new TensorSpace(device, ScalarType.Float32).Of(values, shape);
}
