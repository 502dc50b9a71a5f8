using QuantBuild.BackendTests;
using QuantBuild.Compiler.Compute;
using QuantBuild.Compiler.Compute.Cpu;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Quantizers;
using QuantBuild.Formats;

namespace QuantBuild.Compiler.Torch.Tests;

/// <summary>Refits on the device beside those of the processor: the same model of rounding, and results that are as good.</summary>
public sealed class RefitTests
{
    private static readonly int[] All = [0, 1, 2];

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(Rotation.None, WeightOrder.Activation, BlockExponents.Error, NoiseModel.Modelled, Precision.W4A4, 16)]
    [InlineData(Rotation.Hadamard32, WeightOrder.Activation, BlockExponents.Error, NoiseModel.Modelled, Precision.W4A4, 16)]
    [InlineData(Rotation.None, WeightOrder.Channel, BlockExponents.Floor, NoiseModel.Modelled, Precision.W4A4, 16)]
    [InlineData(Rotation.None, WeightOrder.Activation, BlockExponents.Error, NoiseModel.Ignored, Precision.W4A4, 16)]
    [InlineData(Rotation.None, WeightOrder.Activation, BlockExponents.Error, NoiseModel.Modelled, Precision.W4A16, 16)]
    [InlineData(Rotation.Hadamard32, WeightOrder.Activation, BlockExponents.Error, NoiseModel.Modelled, Precision.W4A4, 0)]
    internal void A_refit_has_the_processors_loss(Rotation rotation, WeightOrder order, BlockExponents exponents, NoiseModel noise,
        Precision precision, int rank)
    {
        LayerRecipe recipe = Recipes.Of(rank, precision, WeightMethod.Refit).With(RecipeSettings.Order, order)
            .With(RecipeSettings.Exponents, exponents).With(RecipeSettings.Noise, noise);
        var layer = new LayerCase(96, 160, recipe, tokensPerStep: 300) { Rotation = rotation };

        (GptqResult expected, GptqResult found) = (Round(CpuBackend.Instance, layer), Round(Torch, layer));

        (GptqOutcome processor, GptqOutcome device) = (expected.Outcome, found.Outcome);
        Assert.False(device.FellBack);
        Assert.Equal((processor.Refit!.Ratio, processor.Refit.ExponentOffset, processor.Refit.Ridge),
            (device.Refit!.Ratio, device.Refit.ExponentOffset, device.Refit.Ridge));
        Assert.Equal(processor.Refit.Tried.Select(one => one.Ridge), device.Refit.Tried.Select(one => one.Ridge));
        Assert.All(processor.Refit.Tried.Zip(device.Refit.Tried), pair =>
            Assert.Equal(pair.First.Error, pair.Second.Error, 1e-3 * pair.First.Error));
        Assert.Equal(processor.Damping, device.Damping, 1e-4 * processor.Damping);
        Assert.Equal(processor.DiagonalEnergy!.Value, device.DiagonalEnergy!.Value, 1e-4 * processor.DiagonalEnergy.Value);
        // Single roundings that fall the other way change what follows from them: the loss stays, the codes do not.
        Assert.InRange(device.ErrorEnergy!.Value / processor.ErrorEnergy!.Value, 0.98, 1.02);
        Assert.Equal(rank, found.Branch?.Rank ?? 0);
    }

    [Fact]
    public void A_refit_that_begins_the_same_rounds_the_same()
    {
        // Without rounds and without a branch it is GPTQ of the filtered weight, which both compute alike.
        LayerRecipe recipe = Recipes.Of(rank: 0, Precision.W4A4, WeightMethod.Refit);
        var layer = new LayerCase(64, 96, recipe, tokensPerStep: 200);

        (GptqResult expected, GptqResult found) = (Round(CpuBackend.Instance, layer), Round(Torch, layer));

        Assert.InRange(expected.Codes.Zip(found.Codes).Average(pair => pair.First == pair.Second ? 1.0 : 0), 0.995, 1);
        Assert.InRange(expected.Scales.Zip(found.Scales).Average(pair => pair.First == pair.Second ? 1.0 : 0), 0.999, 1);
        Assert.Equal(expected.Outcome.ErrorEnergy!.Value, found.Outcome.ErrorEnergy!.Value, 1e-3 * expected.Outcome.ErrorEnergy.Value);
    }

    [Fact]
    public void A_refit_gives_the_same_bytes_twice()
    {
        var layer = new LayerCase(64, 96, Recipes.Of(rank: 16, Precision.W4A4, WeightMethod.Refit), tokensPerStep: 100);

        (GptqResult first, GptqResult second) = (Round(Torch, layer), Round(Torch, layer));

        Assert.Equal(first.Codes, second.Codes);
        Assert.Equal(first.Branch!.UpBits, second.Branch!.UpBits);
        Assert.Equal(first.Branch.DownBits, second.Branch.DownBits);
    }

    private static IComputeBackend Torch { get; } = new TorchProvider().Open(
        new ComputeSection(ComputeBackend.Torch, ComputeBackend.Torch) { DType = ComputeDType.Float32 }, new ComputeHost());

    private static GptqResult Round(IComputeBackend backend, LayerCase layer)
    {
        using ILayerCompute compute = backend.Open(layer);
        return compute.Round(All, threads: 2, Ct);
    }
}
