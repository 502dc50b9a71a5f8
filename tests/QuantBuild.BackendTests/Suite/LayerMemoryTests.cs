using QuantBuild.Compiler.Compute;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Tests;

namespace QuantBuild.BackendTests;

/// <summary>
/// The memory that steps declare against what they hold, on a layer whose arrays count. Each step is measured in a process of its own: what
/// an earlier one gave back would be there already, and count for nothing.
/// </summary>
public abstract class LayerMemoryTests : BackendSuite
{
    private const int TokensPerStep = 400;

    private static readonly int[] All = [0, 1, 2];

    [Theory]
    [InlineData(1024, 3072, 1, WeightMethod.Gptq)]
    [InlineData(4096, 2048, 2, WeightMethod.Gptq)]
    [InlineData(1024, 3072, 1, WeightMethod.Refit)]
    internal void No_step_holds_more_than_it_declares_and_the_largest_not_much_less(int outputs, int channels, int threads,
        WeightMethod method)
    {
        var layer = new LayerSpec("blocks.0.test", outputs, channels, Recipe(method));
        LayerStep[] steps = Enum.GetValues<LayerStep>();
        LayerStep largest = steps.MaxBy(step => Need(Fixture, step, layer, threads));
        foreach (LayerStep step in steps)
        {
            OwnProcess.Run(Measure, Fixture.GetType().AssemblyQualifiedName!, outputs, channels, threads, (int)method, (int)step,
                step == largest ? 1 : 0);
        }
    }

    private static void Measure(string[] arguments)
    {
        var fixture = (BackendFixture)Activator.CreateInstance(Type.GetType(arguments[0], throwOnError: true)!, nonPublic: true)!;
        int[] numbers = [.. arguments[1..].Select(int.Parse)];
        (int threads, var step, bool isLargest) = (numbers[2], (LayerStep)numbers[4], numbers[5] == 1);
        var layer = new LayerCase(numbers[0], numbers[1], Recipe((WeightMethod)numbers[3]), TokensPerStep);
        long declared = Need(fixture, step, layer.Layer, threads);

        (long atLeast, long atMost) = fixture.Hold(() =>
        {
            using ILayerCompute compute = fixture.Backend.Open(layer);
            StepResult.Of(step, compute, layer, All, threads, CancellationToken.None);
        });

        Console.WriteLine($"{step}: {atLeast >> 10} to {atMost >> 10} KiB of {declared >> 10} KiB");
        Assert.InRange(atLeast, 0, declared);
        if (isLargest)
            Assert.InRange(atMost, fixture.LeastPart * declared, long.MaxValue);
    }

    private static LayerRecipe Recipe(WeightMethod method) => Recipes.Of(rank: 32, method: method);

    private static long Need(BackendFixture fixture, LayerStep step, LayerSpec layer, int threads) =>
        fixture.Backend.NeedOf(step, layer, LayerCase.Steps * TokensPerStep, threads).HostBytes;
}
