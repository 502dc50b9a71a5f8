using QuantBuild.SafeTensors;
using QuantBuild.Text;

namespace QuantBuild.Tests.Text;

public class TextEncoderTests
{
    private static readonly TextEncoderConfig Config =
        TextEncoderConfig.Load(TestData.TinyWan("checkpoint", "text_encoder", "config.json"));

    private static SafeTensorsFile OpenWeights() =>
        SafeTensorsFile.Open(TestData.TinyWan("checkpoint", "text_encoder", "model.safetensors"));

    [Fact]
    public void Golden_prompts_get_the_official_embeddings()
    {
        using SafeTensorsFile golden = SafeTensorsFile.Open(TestData.Golden("text.safetensors"));
        using SafeTensorsFile weights = OpenWeights();
        var encoder = new TextEncoder(Config, weights);
        for (int i = 0; golden.Tensors.ContainsKey($"prompt.{i}.ids"); i++)
        {
            int[] ids = [.. System.Runtime.InteropServices.MemoryMarshal.Cast<byte, long>(golden.Bytes($"prompt.{i}.ids")).ToArray()
                .Select(id => (int)id)];
            Close.Assert(golden.ReadFloat32($"prompt.{i}.embedding"), Encode(encoder, ids), 1e-4);
        }
    }

    [Fact]
    public void Contexts_of_the_calibration_set_come_out_of_its_prompts()
    {
        using SafeTensorsFile set = SafeTensorsFile.Open(TestData.TinyWan("calibration.safetensors"));
        using SafeTensorsFile weights = OpenWeights();
        var encoder = new TextEncoder(Config, weights);
        int[] ids = UnigramTokenizerTests.FromJson.Encode("a medium yellow star moves up over a black plain background", 64);
        Close.Assert(set.ReadFloat32("sample.000.context"), Encode(encoder, ids), 1e-4);
    }

    [Fact]
    public void The_number_of_threads_does_not_change_a_bit()
    {
        using SafeTensorsFile weights = OpenWeights();
        var encoder = new TextEncoder(Config, weights);
        int[] ids = [.. Enumerable.Range(3, 60)];
        Assert.Equal(Encode(encoder, ids), Encode(encoder, ids, threads: 3));
    }

    [Fact]
    public void Names_of_the_transformers_library_are_understood()
    {
        using SafeTensorsFile weights = OpenWeights();
        Dictionary<string, string> names = TextEncoderNames.Transformers(Config);
        var renamed = new RenamedTensors(weights, names.ToDictionary(pair => pair.Value, pair => pair.Key));
        Assert.Equal(weights.Tensors.Count, renamed.Tensors.Count);
        Assert.Equal(Encode(new TextEncoder(Config, weights), [5, 6, 1]), Encode(new TextEncoder(Config, renamed), [5, 6, 1]));
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(-7, 7)]
    [InlineData(7, 23)]
    [InlineData(-8, 8)]
    [InlineData(-15, 9)]
    [InlineData(-16, 10)]
    [InlineData(-31, 11)]
    [InlineData(-32, 12)]
    [InlineData(-63, 13)]
    [InlineData(-64, 14)]
    [InlineData(-128, 15)]
    [InlineData(500, 31)]
    public void Relative_positions_fall_into_the_classes_of_t5(int delta, int bucket) =>
        Assert.Equal(bucket, RelativePositions.Bucket(delta, 32, 128));

    [Fact]
    public void An_id_outside_the_vocabulary_is_refused()
    {
        using SafeTensorsFile weights = OpenWeights();
        var encoder = new TextEncoder(Config, weights);
        Assert.Throws<ArgumentException>(() => Encode(encoder, [Config.VocabularySize]));
        Assert.Throws<ArgumentOutOfRangeException>(() => Encode(encoder, []));
    }

    [Fact]
    public void A_checkpoint_of_another_shape_is_refused_when_it_is_opened()
    {
        using SafeTensorsFile weights = OpenWeights();
        var error = Assert.Throws<SafeTensorsException>(() => new TextEncoder(Config with { FfnDim = 128 }, weights));
        Assert.Equal("WrongShape", error.Rule);
    }

    private static float[] Encode(TextEncoder encoder, int[] ids, int threads = 1) =>
        encoder.Encode(ids, threads, TestContext.Current.CancellationToken);
}
