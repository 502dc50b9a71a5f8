using QuantBuild.Formats;
using QuantBuild.Kernels;
using QuantBuild.Matrices;
using QuantBuild.Models;
using QuantBuild.SafeTensors;

namespace QuantBuild.Tests.Models;

public sealed class QuantizedLinearTests
{
    [Theory]
    [InlineData("case.0", 1f)]
    [InlineData("case.0", 0.8f)]
    [InlineData("case.1", 1f)]
    [InlineData("case.1", 0.8f)]
    public void A_layer_has_the_golden_output(string name, float ratio)
    {
        using SafeTensorsFile golden = SafeTensorsFile.Open(TestData.Golden("qlinear.safetensors"));
        float[] expected = golden.ReadFloat32($"{name}.y.clip{ratio:F1}");
        QuantizedLayer layer = Golden(golden, name, ratio);
        float[] x = golden.ReadFloat32(name + ".x");

        float[] y = Apply(new QuantizedLinear(layer), x, 500);

        double largest = expected.Max(MathF.Abs);
        double error = expected.Zip(y, (a, b) => Math.Abs((double)a - b)).Max() / largest;
        Assert.True(error <= 1e-4, $"relative error {error:E2}");
    }

    [Fact]
    public void Storage_threads_and_batches_change_no_bit()
    {
        using SafeTensorsFile golden = SafeTensorsFile.Open(TestData.Golden("qlinear.safetensors"));
        QuantizedLayer layer = Golden(golden, "case.1", 0.8f);
        float[] x = [.. Enumerable.Repeat(golden.ReadFloat32("case.1.x"), 20).SelectMany(values => values)];
        float[] expected = Apply(new QuantizedLinear(layer), x, 500);

        Assert.Equal(expected, Apply(new QuantizedLinear(layer, WeightStorage.Mapped), x, 500));
        Assert.Equal(expected, Apply(new QuantizedLinear(layer), x, 500, threads: 3));
        Assert.Equal(expected, Apply(new QuantizedLinear(layer, WeightStorage.Mapped), x, 500, threads: 3));
        float[] alone = Apply(new QuantizedLinear(layer), x[..layer.InFeatures], 500);
        Assert.Equal(expected[..layer.OutFeatures], alone);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public unsafe void A_rotated_layer_is_the_layer_on_a_rotated_input(bool roundsActivations)
    {
        using SafeTensorsFile golden = SafeTensorsFile.Open(TestData.Golden("qlinear.safetensors"));
        QuantizedLayer layer = Golden(golden, "case.1", 0.8f);
        layer = roundsActivations ? layer : layer with { Activations = null };
        float[] x = golden.ReadFloat32("case.1.x"), u = [.. x.Select((value, i) => value / layer.Smooth.Span[i % layer.InFeatures])];
        fixed (float* data = u)
            Hadamard.ApplyScalar(data, u.Length);
        float[] expected = Apply(new QuantizedLinear(layer with { Smooth = default }), u, 500);
        QuantizedLayer rotated = layer with { Rotation = Rotation.Hadamard32 };

        Assert.Equal(expected, Apply(new QuantizedLinear(rotated), x, 500));
        Assert.Equal(expected, Apply(new QuantizedLinear(rotated, WeightStorage.Mapped), x, 500, threads: 3));
        Assert.NotEqual(expected, Apply(new QuantizedLinear(layer), x, 500));
    }

    [Fact]
    public void The_settings_of_the_timesteps_bin_are_used()
    {
        using SafeTensorsFile golden = SafeTensorsFile.Open(TestData.Golden("qlinear.safetensors"));
        QuantizedLayer layer = Golden(golden, "case.0", 1);
        float[] x = golden.ReadFloat32("case.0.x");
        ActivationSetting[] settings = [new(500, 999, ClipSetting.None), new(100, 499, new ClipSetting(0.6f)),
            new(50, 99, new ClipSetting(1, 1)), new(0, 49, new ClipSetting(1, 0, 0.5f))];
        var linear = new QuantizedLinear(layer with { Activations = new ActivationPolicy(TieRule.Zero, [.. settings]) });
        foreach (ActivationSetting setting in settings)
        {
            var alone = new QuantizedLinear(
                layer with { Activations = new ActivationPolicy(TieRule.Zero, [setting with { MinTimestep = 0, MaxTimestep = 999 }]) });
            Assert.Equal(Apply(alone, x, 0), Apply(linear, x, setting.MinTimestep));
            Assert.Equal(Apply(alone, x, 0), Apply(linear, x, setting.MaxTimestep));
        }
        float[][] all = [.. settings.Select(setting => Apply(linear, x, setting.MinTimestep))];
        Assert.Equal(all.Length, all.Select(y => string.Join(' ', y)).Distinct().Count());
        Assert.Throws<ArgumentOutOfRangeException>(() => Apply(linear, x, 1000));
    }

    [Theory]
    [InlineData(TieRule.Even, 1f, 0, float.PositiveInfinity)]
    [InlineData(TieRule.Zero, 0.7f, 1, float.PositiveInfinity)]
    [InlineData(TieRule.Even, 1f, -1, 0.75f)]
    [InlineData(TieRule.Even, 1f, 0, 0f)]
    internal void The_output_is_equation_11_in_its_documented_order(TieRule ties, float ratio, int offset, float threshold)
    {
        const int Rows = 7, In = 71, Out = 13, Rank = 3;
        var random = new Random(42);
        float[] Values(int count, float scale) => [.. Enumerable.Range(0, count).Select(_ => (random.NextSingle() - 0.5f) * scale)];
        float[] weight = Values(Out * In, 1), x = Values(Rows * In, 4), down = Values(Rank * In, 1), up = Values(Out * Rank, 1),
            bias = Values(Out, 1);
        float[] smooth = [.. Values(In, 1).Select(v => v + 1)];
        var codes = new byte[Out * Mxfp4.CodeBytes(In)];
        var scales = new byte[Out * Mxfp4.Blocks(In)];
        Mxfp4.Quantize(new ReadOnlyMatrixView(weight, Out, In), ScaleRule.Floor, TieRule.Zero, codes, scales);
        Mxfp4.Dequantize(codes, scales, new MatrixView(weight, Out, In));

        float[] y = Apply(
            new QuantizedLinear(new QuantizedLayer
            {
                OutFeatures = Out, InFeatures = In, Codes = codes, Scales = scales, Smooth = smooth, Rank = Rank, Down = down, Up = up,
                    Bias = bias,
                Activations =
                    new ActivationPolicy(ties,
                        [new ActivationSetting(0, 0, new ClipSetting(ratio, offset, float.IsFinite(threshold) ? threshold : null))]),
            }), x, 0);

        for (int row = 0; row < Rows; row++)
        {
            float[] u = [.. Enumerable.Range(0, In).Select(k => x[(row * In) + k] / smooth[k])];
            float[] clipped = [.. u.Select(v => Math.Clamp(v, -threshold, threshold))];
            var q = new float[In];
            Mxfp4.QuantizeDequantize(new ReadOnlyMatrixView(clipped, 1, In), new MatrixView(q, 1, In), ScaleRule.Ceil, ties, ratio, offset);
            for (int n = 0; n < Out; n++)
            {
                float expected = bias[n];
                for (int block = 0; block < In; block += 32)
                {
                    // Exact in double precision, and a float.
                    double sum = Enumerable.Range(block, Math.Min(32, In - block)).Sum(k => (double)q[k] * weight[(n * In) + k]);
                    expected = MathF.FusedMultiplyAdd((float)sum, 1, expected);
                }
                for (int r = 0; r < Rank; r++)
                {
                    float t = 0;
                    for (int k = 0; k < In; k++)
                        t = MathF.FusedMultiplyAdd(u[k], down[(r * In) + k], t);
                    expected = MathF.FusedMultiplyAdd(t, up[(n * Rank) + r], expected);
                }
                Assert.Equal(expected, y[(row * Out) + n]);
            }
        }
    }

    [Fact]
    public void Without_smoothing_branch_bias_and_activations_it_is_the_decoded_weight()
    {
        using SafeTensorsFile golden = SafeTensorsFile.Open(TestData.Golden("qlinear.safetensors"));
        QuantizedLayer full = Golden(golden, "case.0", 1);
        var weight = new float[full.OutFeatures * full.InFeatures];
        Mxfp4.Dequantize(full.Codes.Span, full.Scales.Span, new MatrixView(weight, full.OutFeatures, full.InFeatures));
        float[] x = golden.ReadFloat32("case.0.x");
        var expected = new float[50 * full.OutFeatures];
        Gemm.Multiply(new ReadOnlyMatrixView(x, 50, full.InFeatures),
            new ReadOnlyMatrixView(weight, full.OutFeatures, full.InFeatures).Transposed,
            new MatrixView(expected, 50, full.OutFeatures));

        var bare = new QuantizedLayer { OutFeatures = full.OutFeatures, InFeatures = full.InFeatures, Codes = full.Codes,
            Scales = full.Scales };

        Assert.Equal(expected, Apply(new QuantizedLinear(bare), x, -1));
        Assert.Equal(expected, Apply(new QuantizedLinear(bare, WeightStorage.Mapped), x, -1));
    }

    [Fact]
    public void Parameters_and_inputs_that_do_not_fit_are_refused()
    {
        using SafeTensorsFile golden = SafeTensorsFile.Open(TestData.Golden("qlinear.safetensors"));
        QuantizedLayer layer = Golden(golden, "case.0", 1);
        QuantizedLayer[] broken =
        [
            layer with { Codes = layer.Codes[1..] },
            layer with { Scales = layer.Scales[1..] },
            layer with { Smooth = layer.Smooth[1..] },
            layer with { Rank = 7 },
            layer with { Up = layer.Up[1..] },
            layer with { Bias = layer.Bias[1..] },
        ];
        Assert.All(broken, wrong => Assert.Throws<ArgumentException>(() => new QuantizedLinear(wrong)));
        var linear = new QuantizedLinear(layer);
        Assert.Throws<ArgumentException>(() =>
            linear.Apply(new ReadOnlyMatrixView(new float[64], 1, 64), new MatrixView(new float[96], 1, 96), 0, 1));
        Assert.Throws<ArgumentException>(() =>
            linear.Apply(new ReadOnlyMatrixView(new float[128], 1, 128), new MatrixView(new float[97], 1, 97), 0, 1));
        Assert.Throws<ArgumentException>(() =>
            linear.Apply(new ReadOnlyMatrixView(new float[256], 2, 128), new MatrixView(new float[96], 1, 96), 0, 1));
    }

    [Theory]
    [InlineData(WeightStorage.Resident)]
    [InlineData(WeightStorage.Mapped)]
    public void In_a_range_that_leaves_the_input_as_it_is_the_layer_is_the_one_without_rounding(WeightStorage storage)
    {
        using SafeTensorsFile golden = SafeTensorsFile.Open(TestData.Golden("qlinear.safetensors"));
        QuantizedLayer rounded = Golden(golden, "case.0", 0.8f);
        QuantizedLayer mixed = rounded with
        {
            Activations = new ActivationPolicy(TieRule.Zero,
                [new ActivationSetting(500, 999, null), new ActivationSetting(0, 499, new ClipSetting(0.8f))]),
        };
        float[] x = golden.ReadFloat32("case.0.x");
        var layer = new QuantizedLinear(mixed, storage);

        Assert.Equal(Apply(new QuantizedLinear(rounded with { Activations = null }), x, 700), Apply(layer, x, 700, threads: 3));
        Assert.Equal(Apply(new QuantizedLinear(rounded), x, 300), Apply(layer, x, 300));
        Assert.NotEqual(Apply(layer, x, 300), Apply(layer, x, 700));
    }

    [Fact]
    public void No_tokens_give_no_output()
    {
        using SafeTensorsFile golden = SafeTensorsFile.Open(TestData.Golden("qlinear.safetensors"));
        Assert.Empty(Apply(new QuantizedLinear(Golden(golden, "case.0", 1)), [], 0));
    }

    private static QuantizedLayer Golden(SafeTensorsFile golden, string name, float ratio) => new()
    {
        OutFeatures = (int)golden.Tensors[name + ".w"].Shape[0],
        InFeatures = (int)golden.Tensors[name + ".w"].Shape[1],
        Codes = golden.Bytes(name + ".packed").ToArray(),
        Scales = golden.Bytes(name + ".scales").ToArray(),
        Smooth = golden.ReadFloat32(name + ".smooth_scale_bf16"),
        Rank = 8,
        Down = golden.ReadFloat32(name + ".a"),
        Up = golden.ReadFloat32(name + ".b"),
        Bias = golden.ReadFloat32(name + ".bias"),
        Activations = new ActivationPolicy(TieRule.Zero, [new ActivationSetting(0, 999, new ClipSetting(ratio))]),
    };

    private static float[] Apply(QuantizedLinear linear, float[] x, int timestep, int threads = 1)
    {
        int rows = x.Length / linear.InFeatures;
        var y = new float[rows * linear.OutFeatures];
        linear.Apply(new ReadOnlyMatrixView(x, rows, linear.InFeatures), new MatrixView(y, rows, linear.OutFeatures), timestep, threads);
        return y;
    }
}
