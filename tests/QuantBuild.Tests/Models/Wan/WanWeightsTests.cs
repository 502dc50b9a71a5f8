using QuantBuild.Kernels;
using QuantBuild.Matrices;
using QuantBuild.Models;
using QuantBuild.Models.Wan;
using QuantBuild.SafeTensors;
using QuantBuild.Tests.Kernels;

namespace QuantBuild.Tests.Models.Wan;

public class WanWeightsTests
{
    private static readonly WanConfig Config = new() { Dim = 32, FfnDim = 48, NumHeads = 2, NumLayers = 2, InDim = 7, OutDim = 3,
        TextLen = 5, TextDim = 6, FreqDim = 8 };
    private static readonly LatentShape Shape = new(2, 4, 6);

    [Theory]
    [InlineData("patch_embedding.weight")]
    [InlineData("blocks.1.ffn.2.bias")]
    [InlineData("head.modulation")]
    public void A_missing_tensor_is_named(string name)
    {
        TensorsInMemory source = Source();
        source.Remove(name);
        SafeTensorsException exception = Assert.Throws<SafeTensorsException>(() => WanWeights.Load(Config, source));
        Assert.Equal("MissingTensor", exception.Rule);
        Assert.Contains($"'{name}'", exception.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(WeightStorage.Resident)]
    [InlineData(WeightStorage.Mapped)]
    public void A_wrong_shape_and_a_wrong_type_are_named(WeightStorage storage)
    {
        TensorsInMemory source = Source();
        source.Add("blocks.0.self_attn.k.weight", DType.F32, [32, 31], new float[32 * 31]);
        SafeTensorsException shape = Assert.Throws<SafeTensorsException>(() => WanWeights.Load(Config, source, storage));
        source.Add("blocks.0.self_attn.k.weight", DType.F8_E4M3, [32, 32], new float[32 * 32]);
        SafeTensorsException type = Assert.Throws<SafeTensorsException>(() => WanWeights.Load(Config, source, storage));

        Assert.Equal(("WrongShape", "WrongDType"), (shape.Rule, type.Rule));
        Assert.All([shape, type], exception =>
            Assert.Contains("'blocks.0.self_attn.k.weight'", exception.Message, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(DType.F32)]
    [InlineData(DType.F16)]
    [InlineData(DType.BF16)]
    public void Resident_and_mapped_weights_predict_the_same_bits(DType type)
    {
        TensorsInMemory source = Source(type);
        float[] resident = Predict(WanWeights.Load(Config, source, WeightStorage.Resident));
        float[] mapped = Predict(WanWeights.Load(Config, source, WeightStorage.Mapped));

        Assert.True(Finite.IsFinite(resident));
        Assert.Equal(resident, mapped);
    }

    [Fact]
    public void Supplied_layers_take_the_place_of_the_checkpoints_which_may_then_lack_them()
    {
        TensorsInMemory source = Source();
        float[] expected = Predict(WanWeights.Load(Config, source));
        var supplied = new Dictionary<(int, string), Counting>();
        for (int block = 0; block < Config.NumLayers; block++)
        {
            foreach (string layer in WanLayers.Names.Where(name => name != "ffn.0"))
            {
                string name = $"blocks.{block}.{layer}";
                float[] weight = source.ReadFloat32(name + ".weight");
                (int rows, int columns) = Config.ShapeOf(layer);
                supplied[(block, layer)] =
                    new Counting(new FullPrecisionLinear(new ReadOnlyMatrixView(weight, rows, columns),
                        source.ReadFloat32(name + ".bias")));
                source.Remove(name + ".weight");
                source.Remove(name + ".bias");
            }
        }

        float[] actual = Predict(WanWeights.Load(Config, source, linears: (block, layer) => supplied.GetValueOrDefault((block, layer))));

        Assert.Equal(expected, actual);
        Assert.All(supplied.Values, layer => Assert.Equal([437], layer.Timesteps));
    }

    [Fact]
    public void A_supplied_layer_of_another_shape_is_refused()
    {
        var wrong = new FullPrecisionLinear(new ReadOnlyMatrixView(new float[6], 3, 2), new float[3]);
        ArgumentException exception = Assert.Throws<ArgumentException>(() =>
            WanWeights.Load(Config, Source(), linears: (block, layer) => (block, layer) == (1, "cross_attn.v") ? wrong : null));
        Assert.Contains("'blocks.1.cross_attn.v'", exception.Message, StringComparison.Ordinal);
    }

    private static TensorsInMemory Source(DType type = DType.F32)
    {
        var source = new TensorsInMemory();
        int seed = 0;
        foreach ((string name, IReadOnlyList<long> shape) in WanTensors.ExpectedShapes(Config))
            source.Add(name, type, [.. shape],
                ScalarSpecification.Random(seed++, (int)shape.Aggregate(1L, (product, size) => product * size), 0.5f));
        return source;
    }

    private static float[] Predict(WanWeights weights)
    {
        float[] latent = ScalarSpecification.Random(1, Config.OutDim * Shape.Volume);
        var velocity = new float[latent.Length];
        var conditioning = new WanConditioning(ScalarSpecification.Random(2, 3 * Config.TextDim), 3,
            ScalarSpecification.Random(3, Config.ConditionDim * Shape.Volume));
        new WanTransformer(weights).Predict(Shape, latent, 437, conditioning, velocity);
        return velocity;
    }

    private sealed class Counting(ILinear layer) : ILinear
    {
        public List<int> Timesteps { get; } = [];

        public int InFeatures => layer.InFeatures;

        public int OutFeatures => layer.OutFeatures;

        public void Apply(ReadOnlyMatrixView x, MatrixView y, int timestep, int threads, CancellationToken ct)
        {
            Timesteps.Add(timestep);
            layer.Apply(x, y, timestep, threads, ct);
        }
    }
}
