using QuantBuild.Artifacts;
using QuantBuild.Formats;
using QuantBuild.Kernels;
using QuantBuild.Matrices;
using QuantBuild.Models;
using QuantBuild.Models.Wan;
using QuantBuild.SafeTensors;

namespace QuantBuild.Tests.Artifacts;

public sealed class ModelArtifactTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("quantbuild-artifact-").FullName;
    private readonly TestArtifact _artifact = new();

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void An_artifact_opens_by_folder_and_by_descriptor_in_one_file_or_in_shards()
    {
        foreach (long shardSize in (long[])[long.MaxValue, 20_000])
        {
            string folder = Directory.CreateDirectory(Path.Combine(_folder, $"{shardSize}")).FullName;
            _artifact.ShardSize = shardSize;
            _artifact.Write(folder);
            foreach (string path in (string[])[folder, Path.Combine(folder, "artifact.json")])
            {
                using ModelArtifact artifact = ModelArtifact.Open(path);
                Assert.Equal("test", artifact.Descriptor.Name);
                Assert.Equal(TestArtifact.Config, artifact.HighNoise.Config);
                Assert.Equal(_artifact.Low.Tensors.Count, artifact.LowNoise.Tensors.Tensors.Count);
            }
        }
    }

    [Fact]
    public void A_layer_of_the_artifact_is_the_layer_its_tensors_describe()
    {
        _artifact.Write(_folder);
        using ModelArtifact artifact = ModelArtifact.Open(_folder);
        ITensorSource tensors = artifact.HighNoise.Tensors;
        float[] x = [.. Enumerable.Range(0, 5 * 64).Select(i => MathF.Sin(i))];
        foreach ((string layer, int timestep, ActivationSetting expected) in (IEnumerable<(string, int, ActivationSetting)>)
            [
                ("blocks.0.self_attn.q", 1000, new ActivationSetting(960, 1000, new ClipSetting(0.7f))),
                ("blocks.0.self_attn.q", 959, new ActivationSetting(900, 959, new ClipSetting(0.8f, -1))),
                ("blocks.0.self_attn.k", 960, new ActivationSetting(960, 1000, new ClipSetting(0.7f, 0, 1.5f))),
                ("blocks.0.self_attn.k", 900, new ActivationSetting(900, 959, new ClipSetting(0.8f, -1, 2.5f))),
            ])
        {
            var y = new float[5 * 64];
            artifact.HighNoise.Linear(layer)!.Apply(new ReadOnlyMatrixView(x, 5, 64), new MatrixView(y, 5, 64), timestep, 1);

            var direct = new QuantizedLinear(new QuantizedLayer
            {
                OutFeatures = 64,
                InFeatures = 64,
                Codes = tensors.Bytes(layer + ".weight_packed").ToArray(),
                Scales = tensors.Bytes(layer + ".weight_scale").ToArray(),
                Smooth = tensors.ReadFloat32(layer + ".smooth"),
                Rank = 4,
                Down = tensors.ReadFloat32(layer + ".proj_down"),
                Up = tensors.ReadFloat32(layer + ".proj_up"),
                Bias = tensors.ReadFloat32(layer + ".bias"),
                Activations = new ActivationPolicy(TieRule.Even, [expected]),
            });
            var expectedY = new float[5 * 64];
            direct.Apply(new ReadOnlyMatrixView(x, 5, 64), new MatrixView(expectedY, 5, 64), timestep, 1);
            Assert.Equal(expectedY, y);
        }
        Assert.Null(artifact.HighNoise.Linear("blocks.1.ffn.0"));
        Assert.Throws<ArgumentException>(() => artifact.HighNoise.Linear("blocks.2.ffn.0"));
    }

    [Fact]
    public void The_model_of_an_expert_runs_with_resident_and_mapped_weights_alike()
    {
        _artifact.Write(_folder);
        using ModelArtifact artifact = ModelArtifact.Open(_folder);
        float[] resident = Predict(artifact.LowNoise.LoadWeights(WeightStorage.Resident), 500);
        float[] mapped = Predict(artifact.LowNoise.LoadWeights(WeightStorage.Mapped), 500);

        Assert.True(Finite.IsFinite(resident));
        Assert.Equal(resident, mapped);
        Assert.NotEqual(resident, Predict(artifact.HighNoise.LoadWeights(), 950));
        Assert.Throws<ArgumentOutOfRangeException>(() => Predict(artifact.HighNoise.LoadWeights(), 500));
    }

    [Fact]
    public void An_artifact_of_kept_layers_computes_what_the_checkpoint_computes()
    {
        WanConfig config = WanConfig.Load(TestData.TinyWan("checkpoint", "low_noise_model", "config.json"));
        using ShardedCheckpoint source = ShardedCheckpoint.Open(TestData.TinyWan("checkpoint", "low_noise_model"));
        foreach (TestArtifact.Expert expert in (TestArtifact.Expert[])[_artifact.High, _artifact.Low])
        {
            expert.ConfigText = File.ReadAllText(TestData.TinyWan("checkpoint", "low_noise_model", "config.json"));
            expert.Tensors.Clear();
            expert.Layers.Clear();
            foreach (string name in source.Tensors.Keys)
                expert.Set(TensorData.Copy(source, name));
            foreach (string layer in Enumerable.Range(0, config.NumLayers)
                .SelectMany(_ => WanLayers.Names, (block, layer) => $"blocks.{block}.{layer}"))
                expert.Layers[layer] = new ArtifactLayer { Precision = ArtifactLayer.BF16 };
        }
        _artifact.Write(_folder);
        using ModelArtifact artifact = ModelArtifact.Open(_folder);

        Assert.Equal(Predict(WanWeights.Load(config, source), 300), Predict(artifact.LowNoise.LoadWeights(), 300));
    }

    [Theory]
    [InlineData("artifact.json")]
    [InlineData("high_noise_model/config.json")]
    [InlineData("low_noise_model/diffusion_pytorch_model.safetensors")]
    public void A_missing_file_is_named(string file)
    {
        _artifact.Write(_folder);
        File.Delete(Path.Combine(_folder, file));
        Refused(Path.GetFileName(file) == "artifact.json" ? "does not exist" : "missing", file);
    }

    [Theory]
    [InlineData("high_noise_model/config.json", 1)]
    [InlineData("low_noise_model/diffusion_pytorch_model.safetensors", -1)]
    public void A_file_of_another_size_is_named(string file, int change)
    {
        _artifact.Write(_folder);
        using (FileStream stream = File.OpenWrite(Path.Combine(_folder, file)))
            stream.SetLength(stream.Length + change);
        Refused("bytes instead of", file);
    }

    [Fact]
    public void A_flipped_bit_is_found_by_the_digest_and_only_by_it()
    {
        _artifact.Write(_folder);
        string path = Path.Combine(_folder, "low_noise_model", "diffusion_pytorch_model.safetensors");
        byte[] bytes = File.ReadAllBytes(path);
        bytes[bytes.Length / 2] ^= 1;
        File.WriteAllBytes(path, bytes);

        Refused("SHA-256", "low_noise_model/diffusion_pytorch_model.safetensors");
        ModelArtifact.Open(_folder, verifyDigests: false).Dispose();
    }

    [Theory]
    [InlineData("config.json")]
    [InlineData("diffusion_pytorch_model-00001-of-00002.safetensors")]
    [InlineData("diffusion_pytorch_model.safetensors.index.json")]
    public void A_file_that_the_descriptor_does_not_list_is_not_used(string file)
    {
        _artifact.ShardSize = _artifact.High.Tensors.Values.Sum(tensor => tensor.ByteLength) / 2 + 5000;
        _artifact.Write(_folder);
        ArtifactExpert expert = _artifact.Descriptor.Experts["high_noise"];
        Assert.Equal(4, expert.Files.Length);
        Redescribe("high_noise", expert with { Files = expert.Files.RemoveAll(listed => listed.Name == file) });
        Refused("does not list", $"high_noise_model/{file}");
    }

    [Fact]
    public void A_second_checkpoint_in_the_folder_is_refused()
    {
        _artifact.Write(_folder);
        File.WriteAllText(Path.Combine(_folder, "high_noise_model", "diffusion_pytorch_model.safetensors.index.json"), "{}");
        Refused("both", "high_noise_model");
    }

    public static TheoryData<string, Action<TestArtifact.Expert>> BrokenTensors => new()
    {
        { "no tensor 'blocks.0.self_attn.q.weight_packed'", e => e.Tensors.Remove("blocks.0.self_attn.q.weight_packed") },
        { "no tensor 'blocks.0.self_attn.q.weight_scale'", e => e.Tensors.Remove("blocks.0.self_attn.q.weight_scale") },
        { "no tensor 'blocks.0.self_attn.q.smooth'", e => e.Tensors.Remove("blocks.0.self_attn.q.smooth") },
        { "no tensor 'blocks.0.self_attn.q.proj_up'", e => e.Tensors.Remove("blocks.0.self_attn.q.proj_up") },
        { "no tensor 'blocks.0.self_attn.q.bias'", e => e.Tensors.Remove("blocks.0.self_attn.q.bias") },
        { "no tensor 'blocks.0.self_attn.q.clip_ratio'", e => e.Tensors.Remove("blocks.0.self_attn.q.clip_ratio") },
        { "no tensor 'blocks.0.self_attn.k.clip_threshold'", e => e.Tensors.Remove("blocks.0.self_attn.k.clip_threshold") },
        { "no tensor 'blocks.1.ffn.0.weight'", e => e.Tensors.Remove("blocks.1.ffn.0.weight") },
        { "no tensor 'head.modulation'", e => e.Tensors.Remove("head.modulation") },
        { "'blocks.0.self_attn.q.weight' belongs to no layer", e => e.Set(TensorData.Of("blocks.0.self_attn.q.weight", [1], new byte[1])) },
        { "'blocks.0.ffn.0.smooth' belongs to no layer", e => e.Set(TensorData.Of("blocks.0.ffn.0.smooth", [64], new float[64])) },
        { "'blocks.0.ffn.2.clip_ratio' belongs to no layer", e => e.Set(TensorData.Of("blocks.0.ffn.2.clip_ratio", [1], new float[1])) },
        { "is [64, 16] instead of [64, 32]", e => e.Set(TensorData.Of("blocks.0.self_attn.q.weight_packed", [64, 16], new byte[1024])) },
        { "is [96, 1] instead of [96, 2]", e => e.Set(TensorData.Of("blocks.0.ffn.0.weight_scale", [96, 1], new byte[96])) },
        { "is [3, 64] instead of [4, 64]", e => e.Set(TensorData.BFloat16("blocks.0.self_attn.q.proj_down", [3, 64], new ushort[192])) },
        { "is F32 instead of BF16", e => e.Set(TensorData.Of("blocks.0.self_attn.q.proj_down", [4, 64], new float[256])) },
        { "is I8 instead of U8", e => e.Set(TensorData.Of("blocks.0.self_attn.q.weight_packed", DType.I8, [64, 32], new byte[2048])) },
        { "is U8 instead of F32, F16 or BF16", e => e.Set(TensorData.Of("blocks.0.self_attn.q.bias", [64], new byte[64])) },
        { "is [65] instead of [64]", e => e.Set(TensorData.Of("blocks.0.self_attn.q.smooth", [65], new float[65])) },
        { "scale 255", e =>
            e.Set(TensorData.Of("blocks.0.ffn.0.weight_scale", [96, 2], (byte[])[.. Enumerable.Repeat((byte)127, 191), 255])) },
        { "smooth' has values that are not finite", e =>
            e.Set(TensorData.Of("blocks.0.self_attn.q.smooth", [64], (float[])[.. Enumerable.Repeat(1f, 63), float.NaN])) },
        { "smooth' has values that are not finite", e =>
            e.Set(TensorData.Of("blocks.0.self_attn.q.smooth", [64], (float[])[.. Enumerable.Repeat(1f, 63), float.PositiveInfinity])) },
        { "smooth' has a scale that is not positive", e =>
            e.Set(TensorData.Of("blocks.0.self_attn.q.smooth", [64], (float[])[.. Enumerable.Repeat(1f, 63), 0])) },
        { "proj_up' has values that are not finite", e =>
            e.Set(TensorData.BFloat16("blocks.0.self_attn.q.proj_up", [64, 4],
                (ushort[])[.. Enumerable.Repeat((ushort)0x3F80, 255), 0x7F80])) },
        { "proj_down' has values that are not finite", e =>
            e.Set(TensorData.BFloat16("blocks.0.self_attn.q.proj_down", [4, 64],
                (ushort[])[.. Enumerable.Repeat((ushort)0x3F80, 255), 0x7FC0])) },
        { "bias' has values that are not finite", e =>
            e.Set(TensorData.Of("blocks.0.ffn.0.bias", [96], (float[])[.. Enumerable.Repeat(1f, 95), float.NaN])) },
        { "clip_ratio' differs", e => e.Set(TensorData.Of("blocks.0.self_attn.q.clip_ratio", [2], new float[] { 0.7f, 0.9f })) },
        { "clip_ratio' is [1] instead of [2]", e => e.Set(TensorData.Of("blocks.0.self_attn.q.clip_ratio", [1], new float[] { 0.7f })) },
        { "clip_exponent_offset' differs", e =>
            e.Set(TensorData.Of("blocks.0.self_attn.q.clip_exponent_offset", [2], new int[] { 0, 1 })) },
        { "clip_threshold' differs", e => e.Set(TensorData.Of("blocks.0.self_attn.k.clip_threshold", [2], new float[] { 1.5f, 2.25f })) },
        { "does not list layer 'blocks.1.ffn.0'", e => e.Layers.Remove("blocks.1.ffn.0") },
        { "lists layer 'blocks.2.ffn.0'", e => e.Layers.Add("blocks.2.ffn.0", new ArtifactLayer { Precision = ArtifactLayer.BF16 }) },
        { "no tensor 'blocks.1.ffn.0.weight_packed'", e =>
            e.Layers["blocks.1.ffn.0"] = new ArtifactLayer { Precision = ArtifactLayer.W4A16 } },
        { "num_heads", e =>
            e.ConfigText = TestArtifact.ConfigJson.Replace("\"num_heads\":2", "\"num_heads\":3", StringComparison.Ordinal) },
        { "config.json", e => e.ConfigText = "{" },
        { "is [64, 24] instead of [64, 25]", e =>
            e.ConfigText = TestArtifact.ConfigJson.Replace("\"text_dim\":24", "\"text_dim\":25", StringComparison.Ordinal) },
    };

    [Theory]
    [MemberData(nameof(BrokenTensors), DisableDiscoveryEnumeration = true)]
    public void Tensors_that_break_a_rule_are_refused_with_their_place(string expected, Action<TestArtifact.Expert> change)
    {
        change(_artifact.High);
        _artifact.Write(_folder);
        Refused(expected, "high_noise_model");
    }

    public static TheoryData<string, Func<ArtifactDescriptor, ArtifactDescriptor>> BrokenDescriptors => new()
    {
        { "architecture", d => d with { Architecture = "wan3" } },
        { "layout", d => d with { Layout = "diffusers" } },
        { "boundary", d => d with { Boundary = 899 } },
        { "experts are", d => d with { Experts = d.Experts.Remove("low_noise") } },
        { "experts are", d => d with { Experts = d.Experts.Add("middle", d.Experts["low_noise"]) } },
        { "both experts are in", d =>
            d with { Experts = d.Experts.SetItem("low_noise", d.Experts["low_noise"] with { Directory = "high_noise_model" }) } },
        { "no bins", d => d with { Experts = d.Experts.SetItem("low_noise", d.Experts["low_noise"] with { Bins = [] }) } },
    };

    [Theory]
    [MemberData(nameof(BrokenDescriptors), DisableDiscoveryEnumeration = true)]
    public void A_descriptor_that_breaks_a_rule_is_refused(string expected, Func<ArtifactDescriptor, ArtifactDescriptor> change)
    {
        _artifact.Write(_folder);
        _artifact.Descriptor = change(_artifact.Descriptor);
        _artifact.WriteDescriptor(_folder);
        Refused(expected, "artifact.json");
    }

    [Fact]
    public void A_refused_artifact_is_not_kept_open()
    {
        _artifact.Low.Tensors.Remove("head.modulation");
        _artifact.Write(_folder);
        Assert.Throws<ArtifactException>(() => ModelArtifact.Open(_folder));
        foreach (string path in Directory.GetFiles(_folder, "*", SearchOption.AllDirectories))
            new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None).Dispose();
    }

    [Fact]
    public void A_folder_that_does_not_exist_is_refused() => Refused("does not exist", "nowhere", Path.Combine(_folder, "nowhere"));

    private void Refused(string reason, string file, string? open = null)
    {
        var exception = Assert.Throws<ArtifactException>(() => ModelArtifact.Open(open ?? _folder).Dispose());
        Assert.Contains(reason, exception.Message, StringComparison.Ordinal);
        Assert.StartsWith(Path.Combine(_folder, file), exception.File, StringComparison.Ordinal);
        Assert.StartsWith(exception.File!, exception.Message, StringComparison.Ordinal);
    }

    private void Redescribe(string name, ArtifactExpert expert)
    {
        _artifact.Descriptor = _artifact.Descriptor with { Experts = _artifact.Descriptor.Experts.SetItem(name, expert) };
        _artifact.WriteDescriptor(_folder);
    }

    private static float[] Predict(WanWeights weights, int timestep)
    {
        WanConfig config = weights.Config;
        var shape = new LatentShape(1, 4, 4);
        float[] Values(int count, int seed)
        {
            var random = new Random(seed);
            return [.. Enumerable.Range(0, count).Select(_ => random.NextSingle() - 0.5f)];
        }

        var velocity = new float[config.OutDim * shape.Volume];
        new WanTransformer(weights).Predict(shape, Values(velocity.Length, 1), timestep,
            new WanConditioning(Values(3 * config.TextDim, 2), 3, Values(config.ConditionDim * shape.Volume, 3)), velocity);
        return velocity;
    }
}
