using System.Runtime.InteropServices;
using QuantBuild.Pipelines;
using QuantBuild.SafeTensors;
using QuantBuild.Tests;
using QuantBuild.Text;

namespace QuantBuild.Torch.Tests.Encoders;

public sealed class TextEncoderTests
{
    private static readonly TextEncoderConfig Config =
        TextEncoderConfig.Load(TestData.TinyWan("checkpoint", "text_encoder", "config.json"));

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private static SafeTensorsFile OpenWeights() =>
        SafeTensorsFile.Open(TestData.TinyWan("checkpoint", "text_encoder", "model.safetensors"));

    [Fact]
    public void In_float32_golden_prompts_get_the_official_embeddings() => Assert.InRange(WorstError(Runtimes.Float32), 0, 1e-4);

    [Fact]
    public void In_bfloat16_embeddings_are_as_near_as_that_type_allows() => Assert.InRange(WorstError(Runtimes.BFloat16), 1e-5, 5e-2);

    [Fact]
    public void Ids_that_are_not_in_the_vocabulary_are_refused()
    {
        using SafeTensorsFile weights = OpenWeights();
        using ITextEncoder encoder = ((IEncoderFactory)Runtimes.Float32).OpenTextEncoder(Config, weights);
        Assert.ThrowsAny<ArgumentException>(() => encoder.Encode([], ct: Ct));
        Assert.ThrowsAny<ArgumentException>(() => encoder.Encode([Config.VocabularySize], ct: Ct));
    }

    private static double WorstError(TorchRuntime runtime)
    {
        using SafeTensorsFile golden = SafeTensorsFile.Open(TestData.Golden("text.safetensors"));
        using SafeTensorsFile weights = OpenWeights();
        using ITextEncoder encoder = ((IEncoderFactory)runtime).OpenTextEncoder(Config, weights);
        double worst = 0;
        int i = 0;
        for (; golden.Tensors.ContainsKey($"prompt.{i}.ids"); i++)
        {
            int[] ids = [.. MemoryMarshal.Cast<byte, long>(golden.Bytes($"prompt.{i}.ids")).ToArray().Select(id => (int)id)];
            worst = Math.Max(worst, Close.Error(golden.ReadFloat32($"prompt.{i}.embedding"),
                encoder.Encode(ids, ct: Ct)));
        }
        Assert.True(i > 0);
        return worst;
    }
}
