using System.Collections.Concurrent;
using QuantBuild.Compiler;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Planning;
using QuantBuild.Compiler.Scheduling;
using QuantBuild.Compiler.Stages;
using QuantBuild.Formats;
using QuantBuild.Models;
using QuantBuild.Models.Vae;
using QuantBuild.Models.Wan;
using QuantBuild.SafeTensors;
using QuantBuild.Tests.Models.Vae;
using QuantBuild.Text;

namespace QuantBuild.Tests.Scheduling;

/// <summary>What stages declare against what they hold, on layers wide enough that arrays and not the program count.</summary>
[Collection(nameof(Alone))]
public sealed class WorkingSetsTests : IDisposable
{
    // Of the largest stage. Declared are the mapped pages of a weight, too, which are not managed memory, and what a pool keeps of panels.
    private const double LeastPart = 0.5;

    // On a busy machine the peak may fall between two looks.
    private const int Tries = 4;

    private static readonly WanConfig Config = new() { Dim = 1024, FfnDim = 4096, NumHeads = 8, NumLayers = 1, InDim = 36, OutDim = 16, TextLen = 64, TextDim = 256 };
    private readonly string _folder = Path.Combine(Path.GetTempPath(), "quantbuild-tests", Guid.NewGuid().ToString("N"));

    public void Dispose()
    {
        if (Directory.Exists(_folder))
            Directory.Delete(_folder, recursive: true);
    }

    [Theory]
    [InlineData("ffn.0", 1)]
    [InlineData("ffn.0", 2)]
    [InlineData("ffn.2", 1)]
    [InlineData("ffn.2", 2)]
    public void Every_stage_holds_no_more_than_it_declares_and_a_layer_not_much_less(string name, int threads)
    {
        CompileOptions options = new(WriteProject(name), Path.Combine(_folder, "store"), threads, Memory: MemoryLimit.Parse("600MiB"));
        Plan plan = ModelCompiler.Plan(options, SilentObserver.Instance, TestContext.Current.CancellationToken).Plan;
        double part = 0;
        for (int i = 0; i < Tries && part < LeastPart; i++)
            part = Build(plan, options with { Store = Path.Combine(_folder, $"store {i}") }, name);

        Assert.InRange(part, LeastPart, 1);
    }

    /// <summary>Builds, and returns which part of a layer's declared memory was seen in use.</summary>
    private double Build(Plan plan, CompileOptions options, string name)
    {
        int threads = options.Threads;
        using var peaks = new Peaks();
        ModelCompiler.Build(options, Path.Combine(_folder, "out"), peaks, TestContext.Current.CancellationToken);

        ExpertPlan expert = plan.Experts[0];
        LayerPlan layer = expert.Layers.Single(layer => layer.Name == "blocks.0." + name);
        long[] held = [.. WorkingSets.LayerStages.Select(stage => Held(stage, WorkingSets.OfStage(plan, expert, layer, stage, threads)))];
        Held(Stage.Smooth, WorkingSets.Smooth);
        Held(Stage.Trajectory, WorkingSets.Trajectory(Config, new LatentShape(5, 16, 16), threads));
        return held.Max() / (double)WorkingSets.Of(plan, expert, layer, Stage.LowRank, threads);

        long Held(Stage stage, long declared)
        {
            long most = peaks.ByAction.Where(peak => peak.Key.Stage == stage.Name).Max(peak => peak.Value);
            TestContext.Current.TestOutputHelper!.WriteLine($"{stage.Name} {name}: {most >> 10} KiB of {declared >> 10} KiB");
            Assert.InRange(most, 0, declared);
            return most;
        }
    }

    [Fact]
    public void The_autoencoder_holds_what_it_declares()
    {
        var shape = new VideoShape(9, 192, 256);
        var picture = new float[shape.FrameLength];
        using ShardedCheckpoint weights = TinyVae.Open();
        using var peak = new LivePeak();

        new VideoAutoencoder(TinyVae.Config, weights).Encode(shape, (_, pixels) => picture.CopyTo(pixels), threads: 2, TestContext.Current.CancellationToken);

        long declared = VaeMemory.Encoding(TinyVae.Config, shape, threads: 2) + weights.Tensors.Values.Sum(tensor => tensor.ElementCount * sizeof(float)), held = peak.Take();
        TestContext.Current.TestOutputHelper!.WriteLine($"{held >> 10} KiB of {declared >> 10} KiB");
        Assert.InRange(held, LeastPart * declared, declared);
    }

    [Fact]
    public void The_text_encoder_holds_what_it_declares()
    {
        TextEncoderConfig config = TextEncoderConfig.Load(TestData.TinyWan("checkpoint", "text_encoder", "config.json"));
        using SafeTensorsFile weights = SafeTensorsFile.Open(TestData.TinyWan("checkpoint", "text_encoder", "model.safetensors"));
        var encoder = new TextEncoder(config, weights);
        int[] ids = [.. Enumerable.Range(0, 2048).Select(i => i % config.VocabularySize)];
        using var peak = new LivePeak();

        encoder.Encode(ids, threads: 2, TestContext.Current.CancellationToken);

        long declared = TextEncoder.EncodingBytes(config, ids.Length, threads: 2), held = peak.Take();
        TestContext.Current.TestOutputHelper!.WriteLine($"{held >> 10} KiB of {declared >> 10} KiB");
        Assert.InRange(held, LeastPart * declared, declared);
    }

    private string WriteProject(string layer)
    {
        var random = new Random(42);
        foreach (string expert in (string[])["high_noise_model", "low_noise_model"])
        {
            string folder = Directory.CreateDirectory(Path.Combine(_folder, "checkpoint", expert)).FullName;
            File.WriteAllBytes(Path.Combine(folder, "config.json"), Config.ToJson());
            SafeTensorsWriter.Write(Path.Combine(folder, ShardedCheckpoint.DefaultStem + ".safetensors"),
                [.. WanTensors.ExpectedShapes(Config).Select(tensor => Noise(tensor.Key, DType.BF16, [.. tensor.Value], random))]);
        }
        SafeTensorsWriter.Write(Path.Combine(_folder, "set.safetensors"),
            [Noise("sample.000.noise", DType.F32, [16, 5, 16, 16], random), Noise("sample.000.y", DType.F32, [20, 5, 16, 16], random), Noise("sample.000.context", DType.F32, [8, 256], random)]);
        File.WriteAllText(Path.Combine(_folder, "set.jsonl"), """{"id": 0, "prompt": ""}""");
        string manifest = Path.Combine(_folder, "wide.quant.json");
        File.WriteAllText(manifest, $$"""
            {
              "model": { "source": "checkpoint" },
              "experts": { "high_noise": { "bins": ["all:0-1"] }, "low_noise": { "bins": ["all:0-1"] } },
              "calibration": { "data": "set.jsonl", "samples": 1, "steps": 6, "tokensPerStep": 320 },
              "quantize": { "lowRank": { "rank": 32 }, "activations": { "clipRatios": [0.6, 0.7, 0.8, 0.9, 1.0] } },
              "overrides": [
                { "match": "blocks.*", "precision": "bf16" },
                { "match": "blocks.0.{{layer}}", "experts": ["high_noise"], "precision": "w4a4" }
              ]
            }
            """);
        return manifest;
    }

    private static TensorData Noise(string name, DType type, long[] shape, Random random)
    {
        var values = new float[shape.Aggregate(1L, (a, b) => a * b)];
        for (int i = 0; i < values.Length; i++)
            values[i] = (random.NextSingle() - 0.5f) / 16;
        if (type == DType.F32)
            return TensorData.Of(name, shape, values);
        var bits = new ushort[values.Length];
        BFloat16.FromSingle(values, bits);
        return TensorData.BFloat16(name, shape, bits);
    }

    /// <summary>Notes the peak of every executed action; they run one after the other.</summary>
    private sealed class Peaks : IBuildObserver, IDisposable
    {
        private readonly LivePeak _peak = new();

        public ConcurrentDictionary<(string Stage, string Name), long> ByAction { get; } = [];

        public void ActionStarted(ActionSpec action) => _peak.Take();

        public void ActionFinished(ActionEvent action) => ByAction[(action.Stage, action.Name)] = _peak.Take();

        public void PhaseStarted(string name, int actions)
        {
        }

        public void Waiting(ActionSpec action)
        {
        }

        public void Report(Diagnostic diagnostic)
        {
        }

        public void Dispose() => _peak.Dispose();
    }
}
