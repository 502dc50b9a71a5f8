using System.Buffers.Binary;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using QuantBuild.Compiler.Build;
using QuantBuild.Compiler.Costs;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Hub;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Operations;
using QuantBuild.Compiler.Planning;
using QuantBuild.Compiler.Store;
using QuantBuild.Compiler.Timing;
using QuantBuild.HubServer;
using QuantBuild.Models.Wan;
using QuantBuild.Tests.Models.Wan;
using QuantBuild.Tests.Stages;

namespace QuantBuild.Tests.Hub;

/// <summary>
/// The projects of the real models, planned from a repository that has their files' names, headers and sizes, and no weights.
/// </summary>
public sealed class RealModelTests : HubTest
{
    private const int Shards = 12;

    private static readonly WanConfig Image = new() { Dim = 5120, FfnDim = 13824, NumHeads = 40, NumLayers = 40, InDim = 36, OutDim = 16 };

    [Theory]
    [InlineData("I2V", 15, 25, 0)]
    // Its patch embedding has no columns for a condition, once as float32 and once as bfloat16.
    [InlineData("T2V", 26, 14, 5120 * 20 * 4)]
    public void The_real_model_is_planned_from_headers_alone(string kind, int high, int low, long missing)
    {
        var warnings = new Stages.Warnings();

        PlanReport report = PlanIt(kind, warnings);

        Plan plan = report.Plan;
        Assert.Equal(Server.Repositories[ModelOf(kind)].Main.Id, plan.Location.Commit);
        Assert.Equal([400, 400], plan.Experts.Select(expert => expert.Layers.Length));
        Assert.All(plan.Experts.SelectMany(expert => expert.Layers), layer =>
            Assert.Equal((Precision.W4A4, 32), (layer.Recipe.Precision, layer.Recipe.LowRank.Rank)));
        Assert.Equal([high, low], plan.Experts.Select(expert => expert.Timesteps.Length));
        Assert.Equal(["early", "mid", "boundary_pre", "boundary_post", "mid", "late"], plan.Experts.SelectMany(expert => expert.Bins)
            .Select(bin => bin.Name));
        Assert.True(plan.Calibration.FromPictures);
        // formats.md, 2.2: both experts as float32; codes, scales, low rank, smoothing and bf16 for the rest; and the clip tables.
        TestContext.Current.TestOutputHelper?.WriteLine(
            FormattableString.Invariant($"memory {report.PeakBytes}, store {report.StoreBytes}, requests {Server.Requests.Count}"));
        Assert.Equal(2 * (57_155_604_736 - (4 * missing)), report.WeightBytes);
        Assert.Equal((2 * (8_256_809_088 - (2 * missing))) + (800 * 3 * 8), report.ArtifactBytes);
        // Pictures or prompts; trajectories; a layer's rotation, branch, weights, three bins and measurement; vectors of sites; experts.
        Assert.Equal(12 + 12 + (800 * (1 + 1 + 1 + 3 + 1)) + (2 * 40 * 7) + 2, report.Actions.Count);
        Assert.All(warnings.Reported, warning => Assert.Equal(Descriptors.BinWithFewTokens, warning.Descriptor));
        Traffic[] heads = [.. Server.Requests.Where(request => request.Storage)];
        Assert.Equal(2 * Shards, heads.Length);
        Assert.All(heads, request => Assert.Equal("bytes=0-131071", request.Range));
    }

    [Fact]
    public void Chains_of_the_real_model_are_shared_among_workers_in_balance()
    {
        Plan plan = PlanIt("I2V", new Stages.Warnings(), shards: 8).Plan;
        var samples = Compiler.Samples.SampleSet.Of(plan.Manifest);
        foreach (int workers in (int[])[8, 64, 256])
        {
            var shared = ShardPrediction.Of(plan, samples, workers, MachineSpeed.Typical);
            double mean = shared.Workers.Average(worker => worker.LayerSeconds), most = shared.Workers.Max(worker => worker.LayerSeconds);
            TestContext.Current.TestOutputHelper?.WriteLine(
                FormattableString.Invariant($"{workers} workers: balance {shared.Balance:0.000}, mean {mean:0} s, most {most:0} s, ")
                + FormattableString.Invariant($"longest chain {shared.LongestChain:0} s, ")
                + FormattableString.Invariant($"fetched {shared.Workers.Sum(worker => worker.BytesIn)} B"));

            Assert.InRange(shared.Balance, 0.95, 1);
            Assert.Equal(800, shared.Workers.Sum(worker => worker.Layers));
            Assert.Equal(12, shared.Workers.Sum(worker => worker.Samples));
            // 12 recordings of 560 sites, some of which layers on several workers need.
            Assert.InRange(shared.Workers.Sum(worker => worker.BytesIn), Recordings(plan), 2 * Recordings(plan));
        }
    }

    private static long Recordings(Plan plan) => 12L * plan.Experts.Sum(expert => expert.Timesteps.Length * 40L
        * ((2 * plan.Manifest.Calibration.TokensPerStep) + 4)
        * WanLayers.Sites.Sum(site => Compiler.Calibration.ActivationRecorder.ChannelsOf(expert.Config, site)));

    private static string ModelOf(string kind) => $"Wan-AI/Wan2.2-{kind}-A14B-Diffusers";

    private PlanReport PlanIt(string kind, Stages.Warnings warnings, int shards = 0)
    {
        Publish(kind);
        string manifest = Path.Combine(TestData.Root, "models", $"Wan2.2-{kind}-A14B",
            $"wan2.2-{kind.ToLowerInvariant()}-a14b.quant.json");
        var variables = new Dictionary<string, string> { ["HF_ENDPOINT"] = Server.Endpoint.ToString(), ["HF_HUB_CACHE"] = PathTo("cache") };
        var access = new HubAccess(new HubEnvironment(variables.GetValueOrDefault));
        return ModelCompiler.Plan(new CompileOptions(manifest, PathTo("store"), 2, Hub: access) { Shards = shards }, warnings, Ct);
    }

    private void Publish(string kind)
    {
        Server.LargeFrom = 1 << 20;
        Repository repository = Server.Add(ModelOf(kind));
        WanConfig config = kind == "I2V" ? Image : Image with { InDim = Image.OutDim };
        var files = new Dictionary<string, Entry>(StringComparer.Ordinal);
        foreach (string expert in (string[])["transformer", "transformer_2"])
            AddExpert(files, expert, config);
        Add(files, "model_index.json", new JsonObject { ["boundary_ratio"] = kind == "I2V" ? 0.9 : 0.875 });
        foreach (string path in (string[])["text_encoder/config.json", "vae/config.json", "tokenizer/tokenizer.json"])
            Add(files, path, []);
        repository.Heads["refs/heads/main"] = repository.Add(repository.Main, "upload", files).Id;
    }

    private void AddExpert(Dictionary<string, Entry> files, string expert, WanConfig config)
    {
        Add(files, $"{expert}/config.json", new JsonObject
        {
            ["_class_name"] = "WanTransformer3DModel", ["added_kv_proj_dim"] = null, ["attention_head_dim"] = config.HeadDim,
                ["cross_attn_norm"] = true, ["eps"] = 1e-6,
            ["ffn_dim"] = config.FfnDim, ["freq_dim"] = config.FreqDim, ["image_dim"] = null, ["in_channels"] = config.InDim,
                ["num_attention_heads"] = config.NumHeads,
            ["num_layers"] = config.NumLayers, ["out_channels"] = config.OutDim, ["patch_size"] = new JsonArray(1, 2, 2),
                ["qk_norm"] = "rms_norm_across_heads",
            ["text_dim"] = config.TextDim,
        });
        var index = new JsonObject();
        KeyValuePair<string, IReadOnlyList<long>>[] tensors = [.. WanTensors.ExpectedShapes(config)];
        int shard = 0;
        foreach (KeyValuePair<string, IReadOnlyList<long>>[] chunk in tensors.Chunk((tensors.Length + Shards - 1) / Shards))
        {
            string name = $"diffusion_pytorch_model-{++shard:00000}-of-{Shards:00000}.safetensors";
            foreach ((string original, _) in chunk)
                index[DiffusersCheckpoint.NameOf(original)] = name;
            AddWeights(files, $"{expert}/{name}", chunk);
        }
        Add(files, $"{expert}/diffusion_pytorch_model.safetensors.index.json", new JsonObject { ["weight_map"] = index });
    }

    /// <summary>A file of the right length with nothing behind its header: the file system gives such a file no space.</summary>
    private void AddWeights(Dictionary<string, Entry> files, string path, IEnumerable<KeyValuePair<string, IReadOnlyList<long>>> tensors)
    {
        long end = 0;
        var header = new JsonObject();
        foreach ((string original, IReadOnlyList<long> shape) in tensors)
        {
            long begin = end;
            end += 4 * shape.Aggregate(1L, (product, dimension) => product * dimension);
            header[DiffusersCheckpoint.NameOf(original)] =
                JsonSerializer.SerializeToNode(new { dtype = "F32", shape, data_offsets = (long[])[begin, end] });
        }
        byte[] json = Encoding.UTF8.GetBytes(header.ToJsonString()), prefix = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(prefix, json.Length);
        string digest = Digest.Of(Encoding.UTF8.GetBytes(path)).ToString();
        using FileStream file = File.Create(Server.ObjectPath(digest));
        file.Write(prefix);
        file.Write(json);
        file.SetLength(8 + json.Length + end);
        files[path] = Repository.Large(path, digest, file.Length);
    }

    private static void Add(Dictionary<string, Entry> files, string path, JsonObject content) =>
        files[path] = Repository.Small(path, Encoding.UTF8.GetBytes(content.ToJsonString()));
}
