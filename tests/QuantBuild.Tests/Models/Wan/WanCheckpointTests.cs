using QuantBuild.Models.Wan;
using QuantBuild.SafeTensors;

namespace QuantBuild.Tests.Models.Wan;

public sealed class WanCheckpointTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("quantbuild-layout").FullName;

    [Fact]
    public void Every_tensor_of_the_diffusers_layout_has_its_original_name_values_and_place()
    {
        DiffusersCheckpoint.Write(_folder);
        using WanCheckpoint original = WanCheckpoint.Open(TestData.TinyWan("checkpoint", "high_noise_model"));
        using WanCheckpoint diffusers = WanCheckpoint.Open(Path.Combine(_folder, "transformer"));

        Assert.False(original.IsDiffusers);
        Assert.True(diffusers.IsDiffusers);
        Assert.Equal(original.Tensors.Keys.Order(StringComparer.Ordinal), diffusers.Tensors.Keys.Order(StringComparer.Ordinal));
        Assert.All(original.Tensors.Values, tensor =>
        {
            Assert.Equal(tensor.Name, diffusers.Tensors[tensor.Name].Name);
            Assert.Equal(tensor.Shape, diffusers.Tensors[tensor.Name].Shape);
            Assert.True(original.Bytes(tensor.Name).SequenceEqual(diffusers.Bytes(tensor.Name)), tensor.Name);
        });
        Assert.EndsWith("diffusion_pytorch_model.safetensors", diffusers.FileOf("blocks.3.norm3.bias"), StringComparison.Ordinal);
        Assert.Equal("blocks.3.norm2.bias", diffusers.NameInFile("blocks.3.norm3.bias"));
    }

    [Fact]
    public void All_names_of_the_real_model_are_translated_and_no_two_to_one()
    {
        var config = new WanConfig { Dim = 5120, FfnDim = 13824, NumHeads = 40, NumLayers = 40, InDim = 36, OutDim = 16 };
        string[] originals = [.. WanTensors.ExpectedShapes(config).Keys];
        Assert.Equal(1095, originals.Length);
        Assert.Equal(originals, originals.Select(name => WanNames.Original(DiffusersCheckpoint.NameOf(name))));
    }

    [Theory]
    [InlineData("blocks.0.norm3.weight")]
    [InlineData("blocks.0.norm1.weight")]
    [InlineData("blocks.0.attn1.to_q")]
    [InlineData("blocks.0.attn2.add_k_proj.weight")]
    [InlineData("blocks.0.ffn.net.1.weight")]
    [InlineData("condition_embedder.image_embedder.ff.net.0.proj.weight")]
    [InlineData("head.modulation")]
    [InlineData("scale_shift_table.0")]
    [InlineData("")]
    public void A_name_that_the_library_does_not_use_is_not_guessed_at(string name) => Assert.Null(WanNames.Original(name));

    [Fact]
    public void A_tensor_under_both_names_is_refused()
    {
        string path = Path.Combine(_folder, "diffusion_pytorch_model.safetensors");
        SafeTensorsWriter.Write(path,
        [
            TensorData.Of(WanNames.Mark, [1], new float[1]),
            TensorData.Of("proj_out.bias", [1], new float[1]),
            TensorData.Of("head.head.bias", [1], new float[1]),
        ]);
        var error = Assert.Throws<SafeTensorsException>(() => WanCheckpoint.Open(_folder));
        Assert.Equal("DuplicateTensor", error.Rule);
        Assert.Equal(path, error.Path);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
