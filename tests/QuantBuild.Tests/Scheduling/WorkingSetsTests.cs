using System.Collections.Concurrent;
using System.Globalization;
using QuantBuild.Compiler.Actions;
using QuantBuild.Compiler.Build;
using QuantBuild.Compiler.Compute.Cpu;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Operations;
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
public sealed class WorkingSetsTests
{
    // Of the largest stage. Declared is also what a pool keeps of panels, for larger products than these.
    private const double LeastPart = 0.5;

    private static readonly WanConfig Config = new() { Dim = 1024, FfnDim = 4096, NumHeads = 8, NumLayers = 1, InDim = 36, OutDim = 16,
        TextLen = 64, TextDim = 256 };

    [Theory]
    [InlineData("ffn.0", 1, "gptq")]
    [InlineData("ffn.0", 2, "gptq")]
    [InlineData("ffn.2", 1, "gptq")]
    [InlineData("ffn.2", 2, "gptq")]
    [InlineData("ffn.0", 2, "refit")]
    [InlineData("ffn.2", 1, "refit")]
    public void Every_stage_holds_no_more_than_it_declares_and_the_largest_not_much_less(string name, int threads, string method) =>
        OwnProcess.Run(Build, name, threads, method);

    [Fact]
    public void The_autoencoder_holds_what_it_declares() => OwnProcess.Run(Encode);

    [Fact]
    public void The_text_encoder_holds_what_it_declares() => OwnProcess.Run(EncodeText);

    private static void Build(string[] arguments)
    {
        (string name, int threads) = (arguments[0], int.Parse(arguments[1], CultureInfo.InvariantCulture));
        string folder = Directory.CreateTempSubdirectory("quantbuild working sets ").FullName;
        try
        {
            CompileOptions options = new(WriteProject(folder, name, arguments[2]), Path.Combine(folder, "store"), threads,
                Memory: MemoryLimit.Parse("600MiB"));
            Plan plan = ModelCompiler.Plan(options, SilentObserver.Instance).Plan;
            using var held = new HeldByAction();
            ModelCompiler.Build(options, Path.Combine(folder, "out"), held);

            ExpertPlan expert = plan.Experts[0];
            LayerPlan layer = expert.Layers.Single(layer => layer.Name == "blocks.0." + name);
            long DeclaredOf(ILayerStage stage) =>
                stage.SubjectsOf(plan, expert, layer).Max(subject => stage.Declaration.Bytes(subject, threads));
            held.AssertWithin(BuildStages.Smooth, BuildStages.Smooth.Bytes(new SmoothGroup(expert, name, [layer]), threads));
            held.AssertWithin(BuildStages.Trajectory,
                BuildStages.Trajectory.Bytes(new TrajectorySubject(plan, 0, () => new LatentShape(5, 16, 16)), threads));
            ILayerStage[] chain = [.. BuildStages.LayerChain.Where(stage => stage.SubjectsOf(plan, expert, layer).Any())];
            foreach (ILayerStage stage in chain)
                held.AssertWithin(stage.Declaration, DeclaredOf(stage));
            held.AssertNotMuchLess(chain.MaxBy(DeclaredOf)!.Declaration,
                LayerBuild.Bytes(plan, expert, layer, BuildStages.Rotate, threads) - WorkingSets.ReadPanel);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static void Encode(string[] arguments)
    {
        var shape = new VideoShape(9, 192, 256);
        var picture = new float[shape.FrameLength];
        using ShardedCheckpoint weights = TinyVae.Open();
        using var held = new HeldMemory();

        new VideoAutoencoder(TinyVae.Config, weights).Encode(shape, (_, pixels) => picture.CopyTo(pixels), threads: 2);

        AssertHeld(held, VaeMemory.Encoding(TinyVae.Config, shape, threads: 2)
            + weights.Tensors.Values.Sum(tensor => tensor.ElementCount * sizeof(float)));
    }

    private static void EncodeText(string[] arguments)
    {
        TextEncoderConfig config = TextEncoderConfig.Load(TestData.TinyWan("checkpoint", "text_encoder", "config.json"));
        using SafeTensorsFile weights = SafeTensorsFile.Open(TestData.TinyWan("checkpoint", "text_encoder", "model.safetensors"));
        var encoder = new TextEncoder(config, weights);
        int[] ids = [.. Enumerable.Range(0, 2048).Select(i => i % config.VocabularySize)];
        using var held = new HeldMemory();

        encoder.Encode(ids, threads: 2);

        AssertHeld(held, TextEncoder.EncodingBytes(config, ids.Length, threads: 2));
    }

    private static void AssertHeld(HeldMemory held, long declared)
    {
        (long atLeast, long atMost) = held.Take();
        Console.WriteLine($"{atLeast >> 10} to {atMost >> 10} KiB of {declared >> 10} KiB");
        Assert.InRange(atLeast, 0, declared);
        Assert.InRange(atMost, LeastPart * declared, long.MaxValue);
    }

    private static string WriteProject(string folder, string layer, string method)
    {
        var random = new Random(42);
        foreach (string expert in (string[])["high_noise_model", "low_noise_model"])
        {
            string weights = Directory.CreateDirectory(Path.Combine(folder, "checkpoint", expert)).FullName;
            File.WriteAllBytes(Path.Combine(weights, "config.json"), Config.ToJson());
            SafeTensorsWriter.Write(Path.Combine(weights, ShardedCheckpoint.DefaultStem + ".safetensors"),
                [.. WanTensors.ExpectedShapes(Config).Select(tensor => Noise(tensor.Key, DType.BF16, [.. tensor.Value], random))]);
        }
        SafeTensorsWriter.Write(Path.Combine(folder, "set.safetensors"),
            [Noise("sample.000.noise", DType.F32, [16, 5, 16, 16], random), Noise("sample.000.y", DType.F32, [20, 5, 16, 16], random),
                Noise("sample.000.context", DType.F32, [8, 256], random)]);
        File.WriteAllText(Path.Combine(folder, "set.jsonl"), """{"id": 0, "prompt": ""}""");
        string manifest = Path.Combine(folder, "wide.quant.json");
        File.WriteAllText(manifest, $$"""
            {
              "model": { "source": "checkpoint" },
              "experts": { "high_noise": { "bins": ["all:0-1"] }, "low_noise": { "bins": ["all:0-1"] } },
              "calibration": { "data": "set.jsonl", "samples": 1, "steps": 6, "tokensPerStep": 320 },
              "quantize": { "weights": { "method": "{{method}}" }, "lowRank": { "rank": 32 }, "activations": { "clipRatios": [0.6, 0.7, 0.8, 0.9, 1.0] } },
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

    /// <summary>Notes what every executed action held; they run one after the other.</summary>
    private sealed class HeldByAction : IBuildObserver, IDisposable
    {
        private readonly HeldMemory _held = new();
        private readonly ConcurrentBag<(string Stage, string Name, long AtLeast, long AtMost)> _actions = [];

        public void ActionStarted(ActionSpec action) => _held.Begin();

        public void ActionFinished(ActionEvent action)
        {
            (long atLeast, long atMost) = _held.Take();
            _actions.Add((action.Stage, action.Name, atLeast, atMost));
        }

        public void AssertWithin(Stage stage, long declared)
        {
            foreach ((_, string name, long atLeast, long atMost) in Of(stage))
            {
                Console.WriteLine($"{stage.Name} {name}: {atLeast >> 10} to {atMost >> 10} KiB of {declared >> 10} KiB");
                Assert.True(atLeast <= declared,
                    $"{stage.Name} {name} held {atLeast >> 10} KiB of {declared >> 10} KiB that were declared");
            }
        }

        public void AssertNotMuchLess(Stage stage, long declared) =>
            Assert.InRange(Of(stage).Max(action => action.AtMost), LeastPart * declared, long.MaxValue);

        public void PhaseStarted(string name, int actions)
        {
        }

        public void Waiting(ActionSpec action)
        {
        }

        public void Report(Diagnostic diagnostic)
        {
        }

        public void Dispose() => _held.Dispose();

        private (string Stage, string Name, long AtLeast, long AtMost)[] Of(Stage stage)
        {
            (string, string, long, long)[] actions = [.. _actions.Where(action => action.Stage == stage.Name)];
            Assert.NotEmpty(actions);
            return actions;
        }
    }
}
