using QuantBuild.Compiler.Compute;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Tests;

namespace QuantBuild.BackendTests;

/// <summary>The memory that steps declare against what they hold, on a layer whose arrays count, in a process of its own.</summary>
public abstract class LayerMemoryTests : BackendSuite
{
    private static readonly int[] All = [0, 1, 2];

    [Theory]
    [InlineData(1024, 3072, 1, WeightMethod.Gptq)]
    [InlineData(4096, 2048, 2, WeightMethod.Gptq)]
    [InlineData(1024, 3072, 1, WeightMethod.Refit)]
    internal void No_step_holds_more_than_it_declares_and_the_largest_not_much_less(int outputs, int channels, int threads,
        WeightMethod method) => OwnProcess.Run(Measure, Fixture.GetType().AssemblyQualifiedName!, outputs, channels, threads, (int)method);

    private static void Measure(string[] arguments)
    {
        var fixture = (BackendFixture)Activator.CreateInstance(Type.GetType(arguments[0], throwOnError: true)!, nonPublic: true)!;
        int[] numbers = [.. arguments[1..].Select(int.Parse)];
        int threads = numbers[2];
        var layer = new LayerCase(numbers[0], numbers[1], Recipes.Of(rank: 32, method: (WeightMethod)numbers[3]), tokensPerStep: 400);
        var held = new Dictionary<LayerStep, (long AtLeast, long AtMost, long Declared)>();
        foreach (LayerStep step in Enum.GetValues<LayerStep>())
        {
            long declared = fixture.Backend.NeedOf(step, layer.Layer, LayerCase.Steps * 400, threads).HostBytes;
            (long atLeast, long atMost) = fixture.Hold(() =>
            {
                using ILayerCompute compute = fixture.Backend.Open(layer);
                StepResult.Of(step, compute, layer, All, threads, CancellationToken.None);
            });
            held.Add(step, (atLeast, atMost, declared));
            Console.WriteLine($"{step}: {atLeast >> 10} to {atMost >> 10} KiB of {declared >> 10} KiB");
        }
        Assert.All(held.Values, step => Assert.InRange(step.AtLeast, 0, step.Declared));
        (_, long most, long largest) = held.Values.MaxBy(step => step.Declared);
        Assert.InRange(most, fixture.LeastPart * largest, long.MaxValue);
    }
}
