using System.Collections.Immutable;
using QuantBuild.Compiler.Allocation;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Suggestions;

namespace QuantBuild.Tests.Allocation;

public sealed class OptionChoiceTests
{
    [Fact]
    public void Bytes_go_where_they_save_most()
    {
        LayerOptions[] layers = [Layer("a", (0.10, 100), (0.05, 200)), Layer("b", (0.10, 100), (0.09, 200)),
            Layer("c", (0.20, 100), (0.10, 400))];

        Assert.Equal([0, 0, 0], OptionChoice.Of(layers, new Budget(300, null, 0))!.Value);
        Assert.Equal([1, 0, 0], OptionChoice.Of(layers, new Budget(499, null, 0))!.Value);
        Assert.Equal([1, 1, 1], OptionChoice.Of(layers, new Budget(800, null, 0))!.Value);
        Assert.Null(OptionChoice.Of(layers, new Budget(299, null, 0)));
    }

    [Fact]
    public void A_target_is_reached_with_the_steps_that_save_most_per_byte()
    {
        LayerOptions[] layers = [Layer("a", (0.10, 100), (0.05, 200)), Layer("b", (0.10, 100), (0.09, 200)),
            Layer("c", (0.20, 100), (0.10, 200))];

        Assert.Equal([0, 0, 1], OptionChoice.Of(layers, new Budget(null, 0.31, 0))!.Value);
        Assert.Equal([1, 0, 1], OptionChoice.Of(layers, new Budget(null, 0.26, 0))!.Value);
        Assert.Null(OptionChoice.Of(layers, new Budget(null, 0.2, 0)));
    }

    [Fact]
    public void Work_with_16_bits_keeps_to_its_limit()
    {
        LayerOption kept = new(Precision.BF16, 0, 0, 110, 50);
        LayerOptions[] layers =
            [.. new[] { 0.1, 0.3, 0.2 }.Select((error, i) =>
                new LayerOptions("low_noise", $"blocks.{i}.ffn.2", [new(Precision.W4A4, 16, error, 100, 0), kept]))];

        Assert.Equal([0, 1, 1], OptionChoice.Of(layers, new Budget(330, null, 100))!.Value);
        Assert.Equal([0, 1, 0], OptionChoice.Of(layers, new Budget(330, null, 99))!.Value);
    }

    [Fact]
    public void Choices_are_close_to_the_best_there_are()
    {
        var random = new Random(7);
        double chosen = 0;
        double best = 0;
        for (int trial = 0; trial < 40; trial++)
        {
            LayerOptions[] layers = [.. Enumerable.Range(0, 7).Select(i => Random(random, i))];
            long limit = layers.Sum(layer => layer.Options[0].Bytes) * 13 / 10;

            ImmutableArray<int> choice = OptionChoice.Of(layers, new Budget(limit, null, 0))!.Value;

            Assert.True(layers.Zip(choice, (layer, option) => layer.Options[option].Bytes).Sum() <= limit);
            chosen += layers.Zip(choice, (layer, option) => layer.Options[option].Error).Sum();
            best += Best(layers, 0, limit);
        }
        Assert.InRange(chosen / best, 1, 1.03);
    }

    private static double Best(LayerOptions[] layers, int from, long limit)
    {
        if (from == layers.Length)
            return 0;
        long rest = layers.Skip(from + 1).Sum(layer => layer.Options.Min(option => option.Bytes));
        return layers[from].Options.Where(option => option.Bytes + rest <= limit)
            .Min(option => option.Error + Best(layers, from + 1, limit - option.Bytes));
    }

    private static LayerOptions Random(Random random, int index)
    {
        double error = 0.05 + (random.NextDouble() * 0.1);
        long bytes = random.Next(50, 200);
        return Layer($"{index}", (error, bytes), (error * (0.6 + (0.3 * random.NextDouble())), bytes * 5 / 4),
            (error * (0.3 + (0.3 * random.NextDouble())), bytes * 7 / 4), (0, bytes * 3));
    }

    private static LayerOptions Layer(string name, params (double Error, long Bytes)[] options) =>
        new("low_noise", name, [.. options.Select((option, i) => new LayerOption(Precision.W4A4, 16 << i, option.Error, option.Bytes, 0))]);
}
