using System.Text.Json.Nodes;
using QuantBuild.Compiler.Actions;
using QuantBuild.Compiler.Artifacts;
using QuantBuild.Compiler.Operations;
using QuantBuild.Matrices;
using QuantBuild.Models.Wan;
using QuantBuild.SafeTensors;
using QuantBuild.Tests.Stages;

namespace QuantBuild.Tests.Layouts;

/// <summary>What other runtimes would read is what this project's own artifact of the same recipe stands for.</summary>
public sealed class LayoutTests : IDisposable
{
    private const string Expert = "low_noise_model";
    private const string Bare = """{ "match": "blocks.0.*", "smooth": false, "lowRank": { "rank": 0 } },""";

    private readonly TinyProject _project = new() { Samples = 1, Weights = """ "method": "rtn" """, ClipRatios = "1.0" };

    public void Dispose() => _project.Dispose();

    private string Build(string layout, string more = "")
    {
        _project.OutputSection = $""" "layout": "{layout}" {more} """;
        string folder = Path.Combine(_project.Root, layout);
        ModelCompiler.Build(_project.Options(), folder, SilentObserver.Instance, TestContext.Current.CancellationToken);
        Assert.Empty(ArtifactFolder.Check(folder, ct: TestContext.Current.CancellationToken));
        return folder;
    }

    private static PlainSafeTensors Open(string folder, string expert = Expert, string pattern = "*.safetensors") =>
        new(Directory.GetFiles(Path.Combine(folder, expert), pattern));

    private static JsonNode Json(params string[] path) => JsonNode.Parse(File.ReadAllBytes(Path.Combine(path)))!;

    /// <summary>The main branch of every layer of our own artifact, as the runtime opens it.</summary>
    private static Dictionary<string, double[]> Ours(string folder)
    {
        using ModelArtifact artifact = ModelArtifact.Open(folder);
        Assert.Contains(artifact.Descriptor.Experts["low_noise"].Layers, layer => layer.Value.IsQuantized);
        PlainSafeTensors file = Open(folder);
        return artifact.Descriptor.Experts["low_noise"].Layers.Where(layer => layer.Value.IsQuantized)
            .ToDictionary(layer => layer.Key, layer =>
        {
            long[] shape = file.ShapeOf(layer.Key + ".weight_packed");
            int rows = (int)shape[0], columns = (int)shape[1] * 2;
            var values = new float[rows * columns];
            QuantBuild.Formats.Mxfp4.Dequantize(artifact.LowNoise.Tensors.Bytes(layer.Key + ".weight_packed"),
                artifact.LowNoise.Tensors.Bytes(layer.Key + ".weight_scale"),
                new MatrixView(values, rows, columns));
            return (double[])[.. values];
        });
    }

    private static void AssertKept(PlainSafeTensors source, PlainSafeTensors exported, string name, string? newName = null) =>
        Assert.Equal(source.Values(name), exported.Values(newName ?? name));

    [Fact]
    public void Compressed_tensors()
    {
        _project.Overrides = Bare + """{ "match": "blocks.0.ffn.2", "precision": "w4a16" },""";
        Dictionary<string, double[]> ours = Ours(Build("native"));
        string folder = Build("compressed-tensors");

        PlainSafeTensors exported = Open(folder);
        foreach ((string name, double[] values) in ours)
        {
            byte[] scales = exported.Bytes(name + ".weight_scale");
            long groups = exported.ShapeOf(name + ".weight_scale")[1];
            Assert.Equal(values, exported.Mxfp4(name + ".weight_packed", (row, group) => scales[(row * groups) + group]));
        }
        AssertKept(Open(Path.Combine(_project.Root, "native")), exported, "head.head.weight");
        Assert.DoesNotContain(exported.Names, name => name.EndsWith(".clip_ratio", StringComparison.Ordinal));
        JsonNode config = Json(folder, Expert, "config.json");
        JsonNode quantization = config["quantization_config"]!;
        Assert.NotNull(config["dim"]);
        Assert.Equal("mxfp4-pack-quantized", quantization["format"]!.GetValue<string>());
        Assert.Equal("compressed-tensors", quantization["quant_method"]!.GetValue<string>());
        Assert.Equal(["blocks.0.ffn.2"], quantization["config_groups"]!["group_1"]!["targets"]!.AsArray()
            .Select(name => name!.GetValue<string>()));
        Assert.Null(quantization["config_groups"]!["group_1"]!["input_activations"]);
        Assert.True(quantization["config_groups"]!["group_0"]!["input_activations"]!["dynamic"]!.GetValue<bool>());
        string[] ignored = [.. quantization["ignore"]!.AsArray().Select(name => name!.GetValue<string>())];
        Assert.Equal(50 + 7, ignored.Length);
        Assert.Contains("blocks.1.ffn.0", ignored);
        Assert.Contains("patch_embedding", ignored);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Model_slim(bool smooth)
    {
        _project.Overrides = smooth ? """{ "match": "blocks.0.*", "lowRank": { "rank": 0 } },""" : Bare;
        Dictionary<string, double[]> ours = Ours(Build("native"));
        PlainSafeTensors native = Open(Path.Combine(_project.Root, "native"));
        string folder = Build("msmodelslim");

        PlainSafeTensors exported = Open(folder, pattern: "quant_model_weight_w4a4_mxfp4.safetensors");
        JsonObject labels = Json(folder, Expert, "quant_model_description_w4a4_mxfp4.json").AsObject();
        Assert.Equal("W4A4_MXFP4", labels["model_quant_type"]!.GetValue<string>());
        Assert.Equal(exported.Names.Order(StringComparer.Ordinal), labels.Select(label => label.Key)
            .Except(["model_quant_type", "version", "group_size"]).Order(StringComparer.Ordinal));
        foreach ((string name, double[] values) in ours)
        {
            string linear = smooth ? name + ".linear" : name;
            byte[] scales = exported.Bytes(linear + ".weight_scale");
            long groups = exported.ShapeOf(linear + ".weight_scale")[1];
            Assert.Equal(values, exported.Mxfp4(linear + ".weight", (row, group) => scales[(row * groups) + group]));
            Assert.Equal("W4A4_MXFP4", labels[linear + ".weight"]!.GetValue<string>());
            Assert.Equal("F32", exported.TypeOf(linear + ".bias"));
            AssertKept(native, exported, name + ".bias", linear + ".bias");
            if (smooth)
                Assert.Equal(native.Values(name + ".smooth").Select(value => (double)(1 / (float)value)),
                    exported.Values(name + ".div.mul_scale"));
        }
        Assert.Equal(smooth, exported.Names.Any(name => name.EndsWith(".mul_scale", StringComparison.Ordinal)));
        Assert.Equal("BF16", exported.TypeOf("blocks.1.ffn.0.weight"));
        Assert.Equal("FLOAT", labels["blocks.1.ffn.0.weight"]!.GetValue<string>());
    }

    [Fact]
    public void LightX2V_with_its_low_rank_branch()
    {
        _project.Kept = "";
        _project.Overrides = """{ "match": "*", "smooth": false }, { "match": "blocks.3.ffn.2", "lowRank": { "rank": 0 } },""";
        Dictionary<string, double[]> ours = Ours(Build("native"));
        PlainSafeTensors native = Open(Path.Combine(_project.Root, "native"));
        string folder = Build("lightx2v");

        JsonNode config = Json(folder, "high_noise_model", "lightx2v.json");
        PlainSafeTensors exported = new(Path.Combine(folder, config["low_noise_quantized_ckpt"]!.GetValue<string>()));
        PlainSafeTensors branch = new(Path.Combine(folder, config["lora_configs"]![1]!["path"]!.GetValue<string>()));
        Assert.Equal("low_noise_model", config["lora_configs"]![1]!["name"]!.GetValue<string>());
        Assert.True(config["lora_dynamic_apply"]!.GetValue<bool>());
        foreach ((string name, double[] values) in ours)
        {
            long[] shape = exported.ShapeOf(name + ".weight_scale");
            byte[] scales = exported.Bytes(name + ".weight_scale");
            Assert.Equal("F8_E8M0", exported.TypeOf(name + ".weight_scale"));
            Assert.Equal(0, shape[0] % 128);
            // cuBLAS: tiles of 512 bytes, 128 rows and 4 columns each; in a tile 32 rows of 4 x 4 bytes.
            Assert.Equal(values, exported.Mxfp4(name + ".weight", (row, group) =>
                scales[(((row / 128 * (shape[1] / 4)) + (group / 4)) * 512) + (row % 32 * 16) + (row % 128 / 32 * 4) + (group % 4)]));
            if (name == "blocks.3.ffn.2")
                continue;
            Assert.Equal(native.Bytes(name + ".proj_down"), branch.Bytes($"diffusion_model.{name}.lora_down.weight"));
            Assert.Equal(native.Bytes(name + ".proj_up"), branch.Bytes($"diffusion_model.{name}.lora_up.weight"));
        }
        Assert.Equal(2 * 59, branch.Names.Count());
    }

    [Fact]
    public void Dequantized_weights_are_those_that_our_artifact_stands_for()
    {
        _project.ClipRatios = "0.7, 1.0";
        PlainSafeTensors native = Open(Build("native"));
        string folder = Build("bf16");

        PlainSafeTensors exported = Open(folder);
        (long count, long beyond, double worst) = (0, 0, 0);
        using ShardedCheckpoint source = ShardedCheckpoint.Open(Path.Combine(_project.Checkpoint, Expert));
        Assert.Equal(source.Tensors.Keys.Order(StringComparer.Ordinal), exported.Names.Order(StringComparer.Ordinal));
        foreach (string name in native.Names.Where(name => name.EndsWith(".weight_packed", StringComparison.Ordinal))
            .Select(name => name[..^".weight_packed".Length]))
        {
            byte[] scales = native.Bytes(name + ".weight_scale");
            long groups = native.ShapeOf(name + ".weight_scale")[1], columns = groups * 32, rank = native.ShapeOf(name + ".proj_down")[0];
            double[] expected = native.Mxfp4(name + ".weight_packed", (row, group) => scales[(row * groups) + group]);
            double[] up = native.Values(name + ".proj_up"), down = native.Values(name + ".proj_down"),
                smooth = native.Values(name + ".smooth");
            double[] actual = exported.Values(name + ".weight");
            for (long i = 0; i < expected.LongLength; i++)
            {
                double summands = Math.Abs(expected[i]);
                for (long r = 0; r < rank; r++)
                {
                    double product = up[(i / columns * rank) + r] * down[(r * columns) + (i % columns)];
                    expected[i] += product;
                    summands += Math.Abs(product);
                }
                expected[i] /= smooth[i % columns];
                // Half a unit in the last place, and what the float32 chain before it may lose: that is much of a small value whose
                // summands cancel.
                double lost = (rank + 2) * Math.ScaleB(summands / smooth[i % columns], -24), error = Math.Abs(actual[i] - expected[i]);
                Assert.InRange(error, 0, (Unit(expected[i]) / 2) + lost);
                count++;
                beyond += error > Unit(expected[i]) / 2 ? 1 : 0;
                worst = Math.Max(worst, error / Unit(expected[i]));
            }
        }
        TestContext.Current.SendDiagnosticMessage("{0} of {1} values are beyond half a unit, the worst by {2:0.000} units", beyond, count,
            worst);
        Assert.InRange(beyond, 0, count / 1000);
        Assert.Equal(source.Bytes("blocks.1.ffn.0.weight").ToArray(), exported.Bytes("blocks.1.ffn.0.weight"));
        Assert.Equal(File.ReadAllBytes(Path.Combine(_project.Checkpoint, Expert, "config.json")),
            File.ReadAllBytes(Path.Combine(folder, Expert, "config.json")));
    }

    /// <summary>The distance between neighbours of a value in bfloat16.</summary>
    private static double Unit(double value) => value == 0 ? 0 : Math.ScaleB(1, Math.ILogB(value) - 7);

    [Fact]
    public void The_diffusers_layout_has_the_same_values_under_the_library_s_names()
    {
        PlainSafeTensors original = Open(Build("bf16", """, "shardSize": "1MiB" """));
        string folder = Build("bf16-diffusers", """, "shardSize": "1MiB" """);

        PlainSafeTensors exported = Open(folder, "transformer_2");
        Assert.True(File.Exists(Path.Combine(folder, "transformer", "diffusion_pytorch_model.safetensors.index.json")));
        Assert.Equal(original.Values("blocks.0.self_attn.o.weight"), exported.Values("blocks.0.attn1.to_out.0.weight"));
        Assert.Equal(original.Values("blocks.0.norm3.weight"), exported.Values("blocks.0.norm2.weight"));
        Assert.Equal(original.Names.Count(), exported.Names.Count());
        Assert.All(original.Names, name => Assert.Equal(original.Bytes(name), exported.Bytes(WanNames.Diffusers(name))));
        Assert.Equal(WanConfig.Load(Path.Combine(_project.Checkpoint, Expert, "config.json")),
            WanConfig.Load(Path.Combine(folder, "transformer_2", "config.json")));
    }

    [Fact]
    public void Names_of_the_diffusers_library_and_original_ones_are_one_to_one()
    {
        WanConfig config = WanConfig.Load(Path.Combine(_project.Checkpoint, Expert, "config.json"));

        Assert.All(WanTensors.ExpectedShapes(config).Keys, name => Assert.Equal(name, WanNames.Original(WanNames.Diffusers(name))));
        Assert.Throws<ArgumentException>(() => WanNames.Diffusers("blocks"));
    }
}
