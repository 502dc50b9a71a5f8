using QuantBuild.Models.Wan;
using QuantBuild.SafeTensors;

namespace QuantBuild.Tests.Models.Wan;

public class WanTensorsTests
{
    private static readonly WanConfig Large = new() { Dim = 5120, FfnDim = 13824, NumHeads = 40, NumLayers = 40, InDim = 36, OutDim = 16 };

    [Fact]
    public void The_large_model_has_the_official_number_of_tensors_and_parameters()
    {
        IReadOnlyDictionary<string, IReadOnlyList<long>> shapes = WanTensors.ExpectedShapes(Large);

        Assert.Equal(15 + (40 * 27), shapes.Count);
        Assert.Equal(14_288_901_184, shapes.Values.Sum(shape => shape.Aggregate(1L, (product, size) => product * size)));
    }

    [Theory]
    [InlineData("high")]
    [InlineData("low")]
    public void The_tiny_checkpoints_hold_exactly_the_expected_tensors(string expert)
    {
        using ShardedCheckpoint checkpoint = TinyWan.Open(expert);
        IReadOnlyDictionary<string, IReadOnlyList<long>> shapes = WanTensors.ExpectedShapes(TinyWan.Config(expert));

        Assert.Equal(checkpoint.Tensors.Keys.Order(StringComparer.Ordinal), shapes.Keys.Order(StringComparer.Ordinal));
        Assert.All(shapes, entry => Assert.Equal(entry.Value, checkpoint.Tensors[entry.Key].Shape));
    }
}
