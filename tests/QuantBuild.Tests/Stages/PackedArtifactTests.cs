using QuantBuild.SafeTensors;

namespace QuantBuild.Tests.Stages;

public sealed class PackedArtifactTests
{
    [Fact]
    public void Tensors_that_are_not_quantized_are_bit_identical_to_the_source()
    {
        using var project = new TinyProject();
        project.Build();

        foreach (string expert in (string[])["high_noise_model", "low_noise_model"])
        {
            using ShardedCheckpoint source = ShardedCheckpoint.Open(Path.Combine(project.Checkpoint, expert));
            using ShardedCheckpoint artifact = ShardedCheckpoint.Open(Path.Combine(project.Output, expert));
            string[] kept = [.. source.Tensors.Keys.Where(artifact.Tensors.ContainsKey)];

            Assert.Equal(source.Tensors.Count - 10, kept.Length);
            foreach (string name in kept)
            {
                Assert.Equal(source.Tensors[name].DType, artifact.Tensors[name].DType);
                Assert.Equal(source.Tensors[name].Shape, artifact.Tensors[name].Shape);
                Assert.True(source.Bytes(name).SequenceEqual(artifact.Bytes(name)), name);
            }
        }
    }

    [Fact]
    public void A_quantized_layer_has_the_tensors_of_the_format()
    {
        using var project = new TinyProject();
        project.Build();

        using ShardedCheckpoint artifact = ShardedCheckpoint.Open(Path.Combine(project.Output, "low_noise_model"));
        AssertTensor(artifact, "blocks.0.ffn.2.weight_packed", DType.U8, 192, 256);
        AssertTensor(artifact, "blocks.0.ffn.2.weight_scale", DType.U8, 192, 16);
        AssertTensor(artifact, "blocks.0.ffn.2.smooth", DType.F32, 512);
        AssertTensor(artifact, "blocks.0.ffn.2.proj_down", DType.BF16, 8, 512);
        AssertTensor(artifact, "blocks.0.ffn.2.proj_up", DType.BF16, 192, 8);
        AssertTensor(artifact, "blocks.0.ffn.2.bias", DType.BF16, 192);
        AssertTensor(artifact, "blocks.0.ffn.2.clip_ratio", DType.F32, 2);
        AssertTensor(artifact, "blocks.0.ffn.2.clip_exponent_offset", DType.I32, 2);
        Assert.DoesNotContain("blocks.0.ffn.2.weight", artifact.Tensors.Keys);
        Assert.Contains("blocks.1.ffn.2.weight", artifact.Tensors.Keys);
    }

    [Fact]
    public void A_layer_with_unquantized_activations_is_compared_with_others_of_its_kind()
    {
        using var project = new TinyProject
        {
            Samples = 1,
            Overrides = """{ "match": "blocks.0.*", "precision": "w4a16", "weights": { "method": "rtn" }, "smooth": false, "lowRank": { "rank": 0 } },""",
        };

        TinyProject.Outcome build = project.Build();

        Assert.All(build.Result.Layers, layer => Assert.Equal(layer.Rtn, layer.Recipe));
    }

    [Fact]
    public void A_sharded_and_cast_artifact_opens_and_has_the_sources_values()
    {
        using var project = new TinyProject { OutputSection = """ "shardSize": "1MiB", "keptDtype": "f32" """ };
        project.Build();

        using ModelArtifact artifact = ModelArtifact.Open(project.Output);
        using ShardedCheckpoint source = ShardedCheckpoint.Open(Path.Combine(project.Checkpoint, "high_noise_model"));
        Assert.True(Directory.GetFiles(Path.Combine(project.Output, "high_noise_model"), "*-of-*.safetensors").Length > 2);
        foreach (string name in source.Tensors.Keys.Where(artifact.HighNoise.Tensors.Tensors.ContainsKey))
        {
            Assert.Equal(DType.F32, artifact.HighNoise.Tensors.Tensors[name].DType);
            Assert.Equal(source.ReadFloat32(name), artifact.HighNoise.Tensors.ReadFloat32(name));
        }
    }

    [Fact]
    public void Every_precision_and_option_builds_an_artifact_that_opens()
    {
        using var project = new TinyProject
        {
            Activations = """, "granularity": "bin", "exponentOffsets": [-1, 0] """,
            Overrides = """
                { "match": "blocks.0.self_attn.o", "precision": "w4a16" },
                { "match": "blocks.0.cross_attn.o", "lowRank": { "rank": 0 }, "smooth": false },
                { "match": "blocks.0.ffn.0", "weights": { "method": "rtn" }, "activations": { "objective": "activation", "ties": "zero" } },
                """,
        };
        project.Build();

        using ModelArtifact artifact = ModelArtifact.Open(project.Output);
        Assert.Equal("w4a16", artifact.Descriptor.Experts["low_noise"].Layers["blocks.0.self_attn.o"].Precision);
        using ShardedCheckpoint tensors = ShardedCheckpoint.Open(Path.Combine(project.Output, "low_noise_model"));
        Assert.DoesNotContain("blocks.0.self_attn.o.clip_ratio", tensors.Tensors.Keys);
        Assert.DoesNotContain("blocks.0.cross_attn.o.proj_up", tensors.Tensors.Keys);
        Assert.DoesNotContain("blocks.0.cross_attn.o.smooth", tensors.Tensors.Keys);
        AssertTensor(tensors, "blocks.0.ffn.0.clip_threshold", DType.F32, 2);
    }

    private static void AssertTensor(ShardedCheckpoint tensors, string name, DType type, params long[] shape)
    {
        Assert.Equal(type, tensors.Tensors[name].DType);
        Assert.Equal(shape, tensors.Tensors[name].Shape);
    }
}
