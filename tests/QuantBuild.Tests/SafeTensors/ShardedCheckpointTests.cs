using System.Text;
using QuantBuild.Compiler.Layouts;
using QuantBuild.SafeTensors;

namespace QuantBuild.Tests.SafeTensors;

public sealed class ShardedCheckpointTests : IDisposable
{
    private const string Index = "diffusion_pytorch_model.safetensors.index.json";
    private const string First = "diffusion_pytorch_model-00001-of-00002.safetensors";
    private const string Second = "diffusion_pytorch_model-00002-of-00002.safetensors";

    private readonly string _folder = Directory.CreateTempSubdirectory("quantbuild-shards-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void The_tiny_model_opens_from_shards_and_from_one_file()
    {
        using ShardedCheckpoint high = ShardedCheckpoint.Open(TestData.TinyWan("checkpoint", "high_noise_model"));
        using ShardedCheckpoint low = ShardedCheckpoint.Open(TestData.TinyWan("checkpoint", "low_noise_model"));

        Assert.Equal(2, high.Files.Count);
        Assert.Single(low.Files);
        Assert.Equal(low.Tensors.Keys.Order(StringComparer.Ordinal), high.Tensors.Keys.Order(StringComparer.Ordinal));
        Assert.Equal(6_775_040, high.Tensors.Values.Sum(tensor => tensor.ByteLength));
        foreach (TensorInfo tensor in high.Tensors.Values)
        {
            using SafeTensorsFile file = SafeTensorsFile.Open(high.FileOf(tensor.Name));
            Assert.True(file.Bytes(tensor.Name).SequenceEqual(high.Bytes(tensor.Name)));
            Assert.Equal(tensor, file.Tensors[tensor.Name] with { Shape = tensor.Shape });
        }
    }

    [Fact]
    public void Shards_read_as_one_set_of_tensors()
    {
        Divide(8);
        using ShardedCheckpoint checkpoint = ShardedCheckpoint.Open(_folder);

        Assert.Equal([Path.Combine(_folder, First), Path.Combine(_folder, Second)], checkpoint.Files);
        Assert.Equal(Path.Combine(_folder, Second), checkpoint.FileOf("c"));
        Assert.Equal([3, 4], checkpoint.ReadFloat32("c"));
        Assert.Equal([1], checkpoint.Bytes("a").ToArray());
        Assert.Equal([0x80, 0x40], checkpoint.Bytes("c", 6, 2).ToArray());
        Assert.Equal("MissingTensor", Assert.Throws<SafeTensorsException>(() => checkpoint.Bytes("d").ToArray()).Rule);
        Assert.Equal("MissingTensor", Assert.Throws<SafeTensorsException>(() => checkpoint.FileOf("d")).Rule);
    }

    [Fact]
    public void A_folder_without_a_checkpoint_or_with_two_is_refused()
    {
        Refused("MissingCheckpoint", _folder);
        Divide(8);
        SafeTensorsWriter.Write(Path.Combine(_folder, "diffusion_pytorch_model.safetensors"), []);
        Refused("AmbiguousCheckpoint", _folder);
    }

    [Fact]
    public void A_missing_shard_is_named()
    {
        Divide(8);
        File.Delete(Path.Combine(_folder, Second));
        Refused("MissingShard", Path.Combine(_folder, Second));
    }

    [Theory]
    [InlineData(-1, "MetadataIncompleteBuffer")]
    [InlineData(-60, "InvalidHeaderLength")]
    [InlineData(5, "HeaderTooSmall")]
    public void A_truncated_shard_is_named_with_the_broken_rule(int length, string rule)
    {
        Divide(8);
        string path = Path.Combine(_folder, Second);
        byte[] bytes = File.ReadAllBytes(path);
        File.WriteAllBytes(path, bytes[..(length < 0 ? bytes.Length + length : length)]);
        Refused(rule, path);
        // The good shard was closed again.
        using FileStream exclusive = new(Path.Combine(_folder, First), FileMode.Open, FileAccess.ReadWrite, FileShare.None);
        Assert.True(exclusive.CanWrite);
    }

    [Fact]
    public void An_index_entry_that_its_shard_does_not_have_is_refused()
    {
        Divide(8);
        Rewrite("\"c\"", "\"d\"");
        Refused("MissingTensor", Path.Combine(_folder, Index));
    }

    [Fact]
    public void An_index_entry_that_names_the_wrong_shard_is_refused()
    {
        Divide(8);
        Rewrite($"\"a\": \"{First}\"", $"\"a\": \"{Second}\"");
        Refused("MissingTensor", Path.Combine(_folder, Index));
    }

    [Fact]
    public void A_tensor_that_the_index_does_not_list_is_refused()
    {
        Divide(8);
        Rewrite($"    \"a\": \"{First}\",\n", "");
        Refused("UnlistedTensor", Path.Combine(_folder, First));
    }

    [Fact]
    public void A_tensor_in_two_shards_is_refused()
    {
        Divide(8);
        SafeTensorsWriter.Write(Path.Combine(_folder, Second),
            [TensorData.Of("a", [1], new byte[1]), TensorData.Of("c", [2], new float[2])]);
        Refused("DuplicateTensor", Path.Combine(_folder, Second));
    }

    [Theory]
    [InlineData("../diffusion_pytorch_model-00001-of-00002.safetensors")]
    [InlineData("/etc/model.safetensors")]
    [InlineData("sub/model.safetensors")]
    [InlineData("sub\\\\model.safetensors")]
    [InlineData("C:model.safetensors")]
    [InlineData("https://example.org/model.safetensors")]
    [InlineData("..safetensors")]
    [InlineData(".hidden.safetensors")]
    [InlineData("model.bin")]
    [InlineData("")]
    [InlineData("model\\u0000.safetensors")]
    public void An_index_that_names_more_than_a_file_name_is_refused(string name)
    {
        Divide(8);
        Rewrite($"\"a\": \"{First}\"", $"\"a\": \"{name}\"");
        Refused("UnsafeShardName", Path.Combine(_folder, Index));
    }

    [Theory]
    [InlineData("{\"weight_map\":{\"a\":\"a.safetensors\",\"a\":\"a.safetensors\"}}", "DuplicateKey")]
    [InlineData("{\"weight_map\":{},\"weight_map\":{}}", "DuplicateKey")]
    [InlineData("{\"weight_map\":{}}", "InvalidIndex")]
    [InlineData("{\"metadata\":{}}", "InvalidIndex")]
    [InlineData("{\"weight_map\":[]}", "InvalidIndex")]
    [InlineData("{\"weight_map\":{\"a\":1}}", "InvalidIndex")]
    [InlineData("[]", "InvalidIndex")]
    [InlineData("", "InvalidIndex")]
    [InlineData("{\"weight_map\":{\"a\":\"a.safetensors\"}", "InvalidIndex")]
    [InlineData("{\"weight_map\":{\"\\ud800\":\"a.safetensors\"}}", "InvalidIndex")]
    public void An_index_of_another_form_is_refused(string json, string rule)
    {
        File.WriteAllText(Path.Combine(_folder, Index), json);
        Refused(rule, Path.Combine(_folder, Index));
    }

    [Fact]
    public void What_stands_beside_the_weight_map_is_ignored()
    {
        Divide(8);
        Rewrite("\"total_size\": 16", "\"total_size\": 17, \"note\": [{\"deep\": [1, {}]}]");
        using ShardedCheckpoint checkpoint = ShardedCheckpoint.Open(_folder);
        Assert.Equal(3, checkpoint.Tensors.Count);
    }

    [Fact]
    public void Tensors_divide_greedily_in_the_order_of_their_names()
    {
        TensorData[] tensors = [Sized("e", 1), Sized("c", 20), Sized("b", 4), Sized("a", 6), Sized("d", 10)];

        ShardPlan plan = ShardPlan.Divide(tensors, 10, "model");

        Assert.Equal(["a b", "c", "d", "e"], plan.Shards.Select(shard => string.Join(' ', shard.Tensors.Select(t => t.Name))));
        Assert.Equal(["model-00001-of-00004.safetensors", "model-00004-of-00004.safetensors"],
            [plan.Shards[0].FileName, plan.Shards[3].FileName]);
        Assert.Equal("model.safetensors.index.json", plan.IndexFileName);
    }

    [Fact]
    public void One_shard_has_no_number_and_no_index()
    {
        foreach (ShardPlan plan in (ShardPlan[])[ShardPlan.Divide([Sized("a", 6), Sized("b", 4)], 10), ShardPlan.Divide([], 10)])
        {
            Assert.Equal("diffusion_pytorch_model.safetensors", Assert.Single(plan.Shards).FileName);
            Assert.Null(plan.IndexFileName);
            Assert.True(plan.Index.IsEmpty);
        }
    }

    [Fact]
    public void The_index_is_canonical()
    {
        ShardPlan plan = Divide(8);
        const string Expected = $$"""
            {
              "metadata": {
                "total_size": 16
              },
              "weight_map": {
                "B": "{{First}}",
                "a": "{{First}}",
                "c": "{{Second}}"
              }
            }

            """;
        Assert.Equal(Expected, Encoding.UTF8.GetString(plan.Index.Span));
        Assert.Equal(Expected, File.ReadAllText(Path.Combine(_folder, Index)));
    }

    [Fact]
    public void Two_tensors_of_one_name_do_not_divide() =>
        Assert.Equal("DuplicateKey", Assert.Throws<SafeTensorsException>(() => ShardPlan.Divide([Sized("a", 1), Sized("a", 1)], 1)).Rule);

    [Fact]
    public void Rewriting_the_tiny_model_in_shards_of_any_size_keeps_every_byte()
    {
        using ShardedCheckpoint source = ShardedCheckpoint.Open(TestData.TinyWan("checkpoint", "low_noise_model"));
        foreach (long size in (long[])[1, 300_000, 5_000_000_000])
        {
            string folder = Directory.CreateDirectory(Path.Combine(_folder, $"{size}")).FullName;
            ShardPlan.Divide(source.Tensors.Keys.Select(name => TensorData.Copy(source, name)), size).Write(folder);

            using ShardedCheckpoint copy = ShardedCheckpoint.Open(folder);

            Assert.Equal(size == 1 ? source.Tensors.Count : size > 1_000_000 ? 1 : copy.Files.Count, copy.Files.Count);
            Assert.Equal(source.Tensors.Count, copy.Tensors.Count);
            Assert.All(source.Tensors.Keys, name => Assert.True(source.Bytes(name).SequenceEqual(copy.Bytes(name))));
        }
    }

    /// <summary>Three tensors in two files: a and B (8 bytes), c (8 bytes).</summary>
    private ShardPlan Divide(long size)
    {
        ShardPlan plan =
            ShardPlan.Divide([TensorData.Of("a", [1], new byte[] { 1 }), TensorData.Of("B", [7], new byte[7]),
                TensorData.Of("c", [2], new float[] { 3, 4 })], size);
        plan.Write(_folder);
        return plan;
    }

    private static TensorData Sized(string name, int size) => TensorData.Of(name, [size], new byte[size]);

    private void Rewrite(string old, string replacement)
    {
        string path = Path.Combine(_folder, Index);
        string text = File.ReadAllText(path);
        Assert.Contains(old, text, StringComparison.Ordinal);
        File.WriteAllText(path, text.Replace(old, replacement, StringComparison.Ordinal));
    }

    private void Refused(string rule, string path)
    {
        var exception = Assert.Throws<SafeTensorsException>(() => ShardedCheckpoint.Open(_folder).Dispose());
        Assert.Equal((rule, path), (exception.Rule, exception.Path));
        Assert.StartsWith(path, exception.Message, StringComparison.Ordinal);
    }
}
