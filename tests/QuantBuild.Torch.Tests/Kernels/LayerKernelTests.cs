using QuantBuild.Models;
using QuantBuild.Torch.Formats;
using QuantBuild.Torch.Kernels;
using QuantBuild.Torch.Layers;
using QuantBuild.Torch.Tensors;
using QuantBuild.Torch.Tests.Formats;
using TorchSharp;
using static TorchSharp.torch;

namespace QuantBuild.Torch.Tests.Kernels;

/// <summary>Layers of an artifact with the kernel in the place of plain operations, and what chooses between them.</summary>
public sealed class LayerKernelTests
{
    private const int Tokens = 40;

    [Fact]
    public void Layers_of_every_kind_are_the_same_bytes_in_both_tiers()
    {
        using ModelArtifact artifact = Runtimes.OpenArtifact();
        TensorSpace space = OnProcessor.BFloat16;
        using var kernels = new ProcessorKernels();
        using var tables = new Mxfp4Tables(space);
        using var operations = new OperationQuantizer(space, tables, byStages: true);
        using ScaledProduct product = ScaledProduct.Probe(CPU)!;
        var kernel = new KernelQuantizer(kernels, operations);
        int rotated = 0;
        foreach (string name in (string[])["blocks.0.self_attn.q", "blocks.1.self_attn.o", "blocks.2.ffn.0", "blocks.3.ffn.2"])
        {
            if (artifact.LowNoise.Parameters(name) is not { } layer)
                continue;
            rotated += layer.Rotation == QuantBuild.Formats.Rotation.Hadamard32 ? 1 : 0;
            int launches = kernels.Launches;
            Assert.Equal(Rounded(operations, layer), Rounded(kernel, layer));
            Assert.Equal(Folded(operations, layer), Folded(kernel, layer));
            // Half of the tokens do not fit, and are rounded once more, apart.
            Assert.Equal(launches + 2, kernels.Launches);
        }
        Assert.True(rotated > 0, "none of the layers is rotated");

        float[] Rounded(IInputQuantizer quantizer, QuantizedLayer layer)
        {
            using var linear = new Torch.Layers.QuantizedLinear(layer, space, tables, quantizer, WeightStorage.Resident);
            return Apply(linear, layer);
        }

        float[] Folded(IInputQuantizer quantizer, QuantizedLayer layer)
        {
            using FoldedLinear linear = FoldedLinear.TryFold(layer, space, tables, quantizer, product, out _)!;
            float[] y = Apply(linear, layer);
            Assert.InRange(linear.Misfits, 1, Tokens / 2);
            return y;
        }
    }

    [Fact]
    public void On_a_processor_plain_operations_are_used_and_said_to_be()
    {
        Assert.Equal("plain operations", Runtimes.BFloat16.Rounding);
        Assert.Equal("plain operations", Runtimes.Fp8.Rounding);
    }

    [Fact]
    public void A_libtorch_without_the_compiler_says_so()
    {
        _ = Runtimes.BFloat16;
        Assert.Equal("the app has no libcaffe2_nvrtc.so", Assert.Throws<KernelException>(RuntimeCompiler.Find).Message);
    }

    [Fact]
    public void The_source_is_in_the_library()
    {
        using Stream stream = typeof(CudaKernels).Assembly.GetManifestResourceStream("quantize.cu")!;
        using var reader = new StreamReader(stream);
        string source = reader.ReadToEnd();

        Assert.All(["RoundFloats", "RoundBFloats", "FoldFloats", "FoldBFloats"], name => Assert.Contains($" {name}(QuantizeWork work)", source,
            StringComparison.Ordinal));
        // The driver's compiler has no headers.
        Assert.DoesNotContain("#include", source, StringComparison.Ordinal);
    }

    private static float[] Apply(ITorchLinear linear, QuantizedLayer layer)
    {
        float[] x = Inputs.Normal(Tokens * layer.InFeatures, new Random(5));
        for (int token = 0; token < Tokens; token += 2)
            x[token * layer.InFeatures] = 1e6f;
        using DisposeScope scope = NewDisposeScope();
        return OnProcessor.Read(linear.Apply(OnProcessor.Space.Of(x, Tokens, layer.InFeatures).to(ScalarType.BFloat16), 500));
    }
}
