using QuantBuild.BackendTests;
using QuantBuild.Compiler.Compute;
using QuantBuild.Compiler.Manifests;

namespace QuantBuild.Compiler.Torch.Tests;

/// <summary>
/// The memory that layers of the real model declare; what they hold was measured once (docs/torch.md), smaller ones in every run.
/// </summary>
public sealed class TorchNeedsTests
{
    [Theory]
    [InlineData(5120, 5120, 3)]
    [InlineData(13824, 5120, 4)]
    [InlineData(5120, 13824, 6)]
    public void Layers_of_the_real_model_fit_a_device_of_eight_gibibytes(int outputs, int channels, int gibibytes)
    {
        foreach (WeightMethod method in Enum.GetValues<WeightMethod>())
        {
            LayerRecipe recipe = Recipes.Of(rank: 32, method: method).With(RecipeSettings.Order, WeightOrder.Activation);
            var layer = new LayerSpec("blocks.0.test", outputs, channels, recipe);

            Assert.All(Enum.GetValues<LayerStep>(), step => Assert.InRange(TorchNeeds.Of(step, layer).Device, 1, (long)gibibytes << 30));
        }
    }
}
