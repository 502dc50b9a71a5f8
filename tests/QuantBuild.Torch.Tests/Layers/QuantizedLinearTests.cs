using QuantBuild.Artifacts;
using QuantBuild.Formats;
using QuantBuild.Matrices;
using QuantBuild.Models;
using QuantBuild.Models.Wan;
using QuantBuild.SafeTensors;
using QuantBuild.Tests;
using QuantBuild.Torch.Formats;
using QuantBuild.Torch.Layers;
using QuantBuild.Torch.Tensors;
using QuantBuild.Torch.Tests.Formats;
using TorchSharp;

namespace QuantBuild.Torch.Tests.Layers;

public sealed class QuantizedLinearTests
{
    private const int Tokens = 200;

    [Theory]
    [InlineData(TorchPrecision.Float32, 1e-5)]
    [InlineData(TorchPrecision.BFloat16, 2e-3)]
    public void Every_kind_of_layer_of_an_artifact_is_the_integer_layer(TorchPrecision precision, double tolerance)
    {
        Assert.All(Compare(Runtimes.Of(precision), WeightStorage.Resident), error => Assert.InRange(error.Value, 0, tolerance));
    }

    [Fact]
    public void As_fp8_it_is_the_integer_layer_too()
    {
        (int before, long misfits) = (Runtimes.Fp8.FoldedLayers, Runtimes.Fp8.MisfitRows);
        Dictionary<string, double> errors = Compare(Runtimes.Fp8, WeightStorage.Resident);

        Assert.All(errors, error => Assert.InRange(error.Value, 0, 2e-3));
        Assert.Equal(errors.Count, Runtimes.Fp8.FoldedLayers - before);
        Assert.Equal(misfits, Runtimes.Fp8.MisfitRows);
    }

    [Fact]
    public void Decoding_on_every_use_gives_the_same() =>
        Assert.Equal(Compare(Runtimes.BFloat16, WeightStorage.Resident), Compare(Runtimes.BFloat16, WeightStorage.Mapped));

    [Theory]
    [InlineData("case.0", 1f)]
    [InlineData("case.1", 0.8f)]
    public void The_published_codes_layers_come_out(string name, float ratio)
    {
        using SafeTensorsFile golden = SafeTensorsFile.Open(TestData.Golden("qlinear.safetensors"));
        QuantizedLayer layer = Golden(golden, name, ratio);
        float[] expected = golden.ReadFloat32($"{name}.y.clip{ratio:F1}"), x = golden.ReadFloat32(name + ".x");

        Close.Assert(expected, Apply(Runtimes.Float32.Quantized(layer, WeightStorage.Resident), x, layer.InFeatures, 500), 1e-4);
    }

    [Fact]
    public void A_layer_of_any_size_without_branch_smoothing_or_bias_is_the_integer_layer()
    {
        var random = new Random(7);
        foreach (TorchRuntime runtime in (TorchRuntime[])[Runtimes.Float32, Runtimes.BFloat16, Runtimes.Fp8])
        {
            foreach ((int rows, int columns) in ((int, int)[])[(13, 71), (32, 64)])
            {
                var codes = new byte[rows * Mxfp4.CodeBytes(columns)];
                var scales = new byte[rows * Mxfp4.Blocks(columns)];
                Mxfp4.Quantize(new ReadOnlyMatrixView(Inputs.Normal(rows * columns, random), rows, columns), ScaleRule.Floor, TieRule.Even,
                    codes, scales);
                var layer = new QuantizedLayer { OutFeatures = rows, InFeatures = columns, Codes = codes, Scales = scales,
                    Activations = new ActivationPolicy(TieRule.Even, [new ActivationSetting(0, 999, new ClipSetting(0.8f))]) };
                float[] x = Inputs.Normal(20 * columns, random);
                float[] expected = Expected(layer, x, 5);

                Assert.InRange(Errors.Relative(expected, Apply(runtime.Quantized(layer, WeightStorage.Resident), x, columns, 5)), 0, 2e-3);
            }
        }
    }

    [Fact]
    public void In_a_range_that_leaves_the_input_as_it_is_a_layer_is_the_one_without_rounding()
    {
        using ModelArtifact artifact = Runtimes.OpenArtifact();
        QuantizedLayer layer = artifact.LowNoise.Parameters("blocks.2.ffn.0")!;
        QuantizedLayer mixed = layer with { Activations = new ActivationPolicy(TieRule.Even,
            [new ActivationSetting(500, 999, null), new ActivationSetting(0, 499, new ClipSetting(0.8f))]) };
        float[] x = Inputs.Normal(Tokens * layer.InFeatures, new Random(5));
        foreach (TorchRuntime runtime in (TorchRuntime[])[Runtimes.Float32, Runtimes.BFloat16, Runtimes.Fp8])
        {
            Assert.IsType<Torch.Layers.QuantizedLinear>(runtime.Quantized(mixed, WeightStorage.Resident));
            float[] kept = Apply(runtime.Quantized(mixed, WeightStorage.Resident), x, layer.InFeatures, 700);
            float[] rounded = Apply(runtime.Quantized(mixed, WeightStorage.Resident), x, layer.InFeatures, 300);

            Assert.InRange(Errors.Relative(Expected(mixed, x, 700), kept), 0, 5e-3);
            Assert.InRange(Errors.Relative(Expected(mixed, x, 300), rounded), 0, 5e-3);
            Assert.InRange(Errors.Relative(kept, rounded), 1e-2, 1);
        }
    }

    [Fact]
    public void Tokens_that_do_not_fit_fp8_are_multiplied_otherwise()
    {
        using ModelArtifact artifact = Runtimes.OpenArtifact();
        QuantizedLayer layer = artifact.LowNoise.Parameters("blocks.2.ffn.0")! with { Smooth = default };
        float[] x = Inputs.Normal(Tokens * layer.InFeatures, new Random(5));
        // One block of every second token is so large that the others fall out of e4m3's range.
        for (int token = 0; token < Tokens; token += 2)
            x[token * layer.InFeatures] = 1e6f;
        using var linear = (FoldedLinear)Runtimes.Fp8.Quantized(layer, WeightStorage.Resident);

        float[] y = Apply(linear, x, layer.InFeatures, 500, dispose: false);

        Assert.Equal(Tokens / 2, linear.Misfits);
        Assert.InRange(Errors.Relative(Expected(layer, x, 500), y), 0, 2e-3);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_product_that_is_rounded_to_bfloat16_gets_branch_and_bias_with_one_rounding_more(bool withBranch)
    {
        using ModelArtifact artifact = Runtimes.OpenArtifact();
        QuantizedLayer layer = artifact.LowNoise.Parameters("blocks.2.ffn.0")! with { Smooth = default };
        if (!withBranch)
            layer = layer with { Rank = 0, Up = default, Down = default, Bias = default };
        float[] x = Inputs.Normal(Tokens * layer.InFeatures, new Random(5));
        x[layer.InFeatures] = 1e6f;
        TensorSpace space = OnProcessor.BFloat16;
        using var tables = new Mxfp4Tables(space);
        using var quantizer = new OperationQuantizer(space, tables, byStages: false);
        using FoldedLinear linear = FoldedLinear.TryFold(layer, space, tables, quantizer, new RowProduct(), out _)!;

        float[] y = Apply(linear, x, layer.InFeatures, 500, dispose: false);

        Assert.Equal(1, linear.Misfits);
        // Two roundings of 2^-9 at most, where one is some 1.7e-3 of a result.
        Assert.InRange(Errors.Relative(Expected(layer, x, 500), y), 0, 3e-3);
    }

    [Fact]
    public void A_folded_layer_leaves_nothing_to_finalizers()
    {
        using ModelArtifact artifact = Runtimes.OpenArtifact();
        QuantizedLayer layer = artifact.LowNoise.Parameters("blocks.2.ffn.0")!;
        TensorSpace space = OnProcessor.BFloat16;
        using var tables = new Mxfp4Tables(space);
        using var quantizer = new OperationQuantizer(space, tables, byStages: false);
        // What tests before this one left is gone.
        GC.Collect();
        GC.WaitForPendingFinalizers();
        long before = torch.Tensor.TotalCount;

        FoldedLinear.TryFold(layer, space, tables, quantizer, new RowProduct(), out _)!.Dispose();

        Assert.Equal(before, torch.Tensor.TotalCount);
    }

    [Fact]
    public void A_weight_that_does_not_fit_fp8_stays_in_bfloat16_and_is_counted()
    {
        var scales = new byte[16 * 2];
        for (int row = 0; row < 16; row++)
            (scales[2 * row], scales[(2 * row) + 1]) = (140, (byte)(row < 5 ? 110 : 130));
        var codes = new byte[16 * 32];
        codes.AsSpan().Fill(0x31);
        var layer = new QuantizedLayer { OutFeatures = 16, InFeatures = 64, Codes = codes, Scales = scales,
            Activations = new ActivationPolicy(TieRule.Even, [new ActivationSetting(0, 999, ClipSetting.None)]) };
        (int folded, long misfits) = (Runtimes.Fp8.FoldedLayers, Runtimes.Fp8.MisfitRows);

        using ITorchLinear linear = Runtimes.Fp8.Quantized(layer, WeightStorage.Resident);

        Assert.IsType<QuantBuild.Torch.Layers.QuantizedLinear>(linear);
        Assert.Equal((folded, misfits + 5), (Runtimes.Fp8.FoldedLayers, Runtimes.Fp8.MisfitRows));
    }

    [Fact]
    public void A_timestep_of_the_other_expert_is_refused()
    {
        using ModelArtifact artifact = Runtimes.OpenArtifact();
        QuantizedLayer layer = artifact.LowNoise.Parameters("blocks.0.ffn.0")!;
        Assert.Throws<ArgumentOutOfRangeException>(() =>
            Apply(Runtimes.BFloat16.Quantized(layer, WeightStorage.Resident), new float[layer.InFeatures], layer.InFeatures, 999));
    }

    /// <summary>Relative differences of a block's layers, in each of the expert's bins.</summary>
    private static Dictionary<string, double> Compare(TorchRuntime runtime, WeightStorage storage)
    {
        using ModelArtifact artifact = Runtimes.OpenArtifact();
        var errors = new Dictionary<string, double>(StringComparer.Ordinal);
        foreach (string name in WanLayers.Names.Select(name => "blocks.3." + name))
        {
            if (artifact.LowNoise.Parameters(name) is not { } layer)
                continue;
            using ITorchLinear linear = runtime.Quantized(layer, storage);
            float[] x = Inputs.Normal(Tokens * layer.InFeatures, new Random(name.Length));
            for (int i = 0; i < x.Length && !layer.Smooth.IsEmpty; i++)
                x[i] *= layer.Smooth.Span[i % layer.InFeatures];
            errors[name] = artifact.LowNoise.Description.Bins.Max(bin => Errors.Relative(Expected(layer, x, bin.MinTimestep),
                Apply(linear, x, layer.InFeatures, bin.MinTimestep, dispose: false)));
        }
        Assert.True(errors.Count > 5);
        return errors;
    }

    private static float[] Expected(QuantizedLayer layer, float[] x, int timestep)
    {
        int tokens = x.Length / layer.InFeatures;
        var y = new float[tokens * layer.OutFeatures];
        new QuantBuild.Models.QuantizedLinear(layer).Apply(new ReadOnlyMatrixView(x, tokens, layer.InFeatures),
            new MatrixView(y, tokens, layer.OutFeatures), timestep, threads: 1);
        return y;
    }

    private static float[] Apply(ITorchLinear linear, float[] x, int columns, int timestep, bool dispose = true)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        float[] y = OnProcessor.Read(linear.Apply(OnProcessor.Space.Of(x, x.Length / columns, columns), timestep));
        if (dispose)
            linear.Dispose();
        return y;
    }

    private static QuantizedLayer Golden(SafeTensorsFile golden, string name, float ratio)
    {
        IReadOnlyList<long> shape = golden.Tensors[name + ".w"].Shape;
        return new QuantizedLayer
        {
            OutFeatures = (int)shape[0], InFeatures = (int)shape[1],
            Codes = golden.Bytes(name + ".packed").ToArray(), Scales = golden.Bytes(name + ".scales").ToArray(),
            Smooth = golden.ReadFloat32(name + ".smooth_scale_bf16"), Rank = 8,
            Down = golden.ReadFloat32(name + ".a"), Up = golden.ReadFloat32(name + ".b"), Bias = golden.ReadFloat32(name + ".bias"),
            Activations = new ActivationPolicy(TieRule.Zero, [new ActivationSetting(0, 999, new ClipSetting(ratio))]),
        };
    }
}
