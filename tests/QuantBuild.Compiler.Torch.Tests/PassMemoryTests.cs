using QuantBuild.BackendTests;
using QuantBuild.Compiler.Compute;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Torch.Tests.Suite;
using QuantBuild.Models;
using QuantBuild.Models.Wan;
using QuantBuild.Tests;
using QuantBuild.Torch.Tests.Measuring;

namespace QuantBuild.Compiler.Torch.Tests;

/// <summary>
/// The memory that a pass is said to take against what it holds, in a process of its own: weights and the smallest pass are there before.
/// </summary>
public sealed class PassMemoryTests
{
    [Theory]
    [InlineData(8, 64, 64, 1024, 4096)]
    [InlineData(4, 64, 64, 1024, 1024)]
    [InlineData(5, 32, 32, 2048, 5504)]
    public void A_pass_holds_what_is_said_and_not_much_less(int frames, int height, int width, int dim, int ffn)
    {
        foreach (ComputeDType type in Enum.GetValues<ComputeDType>())
            OwnProcess.Run(Measure, (int)type, frames, height, width, dim, ffn);
    }

    private static void Measure(string[] arguments)
    {
        int[] numbers = [.. arguments.Select(int.Parse)];
        BackendFixture fixture = (ComputeDType)numbers[0] == ComputeDType.Float32 ? new Float32Fixture() : new BFloat16Fixture();
        LatentShape shape = new(numbers[1], numbers[2], numbers[3]), small = new(1, 4, 4);
        var config = new WanConfig
        {
            Dim = numbers[4], FfnDim = numbers[5], NumHeads = numbers[4] / 128, NumLayers = 2, InDim = 36, OutDim = 16, TextLen = 512,
            TextDim = 4096, FreqDim = 256,
        };
        using IDenoiser expert = fixture.Backend.Models.Open(config, new MadeUpExpert(config));
        (LatentShape Shape, float[] Latent, WanConditioning Conditioning) first = Input(small), second = Input(shape);
        Predict(expert, first, timestep: 400);

        (long held, _) = fixture.Hold(() => Predict(expert, second, timestep: 500));

        ModelNeed need = fixture.Backend.NeedOf(default, default, config, shape, is4Bit: false)!;
        Console.WriteLine($"{held >> 20} of {need.PassBytes >> 20} MiB");
        Assert.False(need.OnDevice);
        // What the first pass gave back is there already.
        Assert.InRange(held, need.PassBytes / 4, need.PassBytes);

        (LatentShape, float[], WanConditioning) Input(LatentShape of) => (of, Values(config.OutDim * of.Volume),
            new WanConditioning(Values(64 * config.TextDim), 64, Values(config.ConditionDim * of.Volume)));
    }

    private static void Predict(IDenoiser expert, (LatentShape Shape, float[] Latent, WanConditioning Conditioning) input, int timestep) =>
        expert.Predict(input.Shape, input.Latent, timestep, input.Conditioning, new float[input.Latent.Length]);

    private static float[] Values(int count)
    {
        var random = new Random(count);
        return [.. Enumerable.Range(0, count).Select(_ => random.NextSingle() - 0.5f)];
    }
}
