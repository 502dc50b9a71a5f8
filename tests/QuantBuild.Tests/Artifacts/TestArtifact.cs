using System.Collections.Immutable;
using System.Security.Cryptography;
using QuantBuild.Artifacts;
using QuantBuild.Compiler.Layouts;
using QuantBuild.Formats;
using QuantBuild.Matrices;
using QuantBuild.Models.Wan;
using QuantBuild.SafeTensors;

namespace QuantBuild.Tests.Artifacts;

/// <summary>A small artifact with random weights, to be changed before or after it is written.</summary>
public sealed class TestArtifact
{
    public const string ConfigJson = """
        {"model_type":"i2v","dim":64,"ffn_dim":96,"num_heads":2,"num_layers":2,"in_dim":36,"out_dim":16,"text_len":8,"text_dim":24,"freq_dim":32,"eps":1e-6}
        """;

    public static readonly WanConfig Config = new()
    {
        Dim = 64, FfnDim = 96, NumHeads = 2, NumLayers = 2, InDim = 36, OutDim = 16, TextLen = 8, TextDim = 24, FreqDim = 32, Eps = 1e-6f,
    };

    public TestArtifact()
    {
        High = new Expert("high_noise_model", 900, 1000, [new ArtifactBin("early", 960, 1000), new ArtifactBin("late", 900, 959)], seed: 1);
        Low = new Expert("low_noise_model", 0, 899, [new ArtifactBin("all", 0, 899)], seed: 2);
        Descriptor = new ArtifactDescriptor
        {
            Name = "test",
            Architecture = "wan2.2-i2v",
            Layout = "native",
            Tool = "0.1.0",
            Profile = "cpu-1",
            Plan = new string('0', 64),
            Boundary = 900,
            Sampling = new ArtifactSampling("unipc", 40, 5),
            Experts = ImmutableSortedDictionary.Create<string, ArtifactExpert>(StringComparer.Ordinal),
        };
    }

    public Expert High { get; }

    public Expert Low { get; }

    public ArtifactDescriptor Descriptor { get; set; }

    public long ShardSize { get; set; } = long.MaxValue;

    /// <summary>Writes everything, with digests that fit.</summary>
    public void Write(string folder)
    {
        Descriptor = Descriptor with
        {
            Experts = Descriptor.Experts.SetItem("high_noise", High.Write(folder, ShardSize))
                .SetItem("low_noise", Low.Write(folder, ShardSize)),
        };
        WriteDescriptor(folder);
    }

    public void WriteDescriptor(string folder) => File.WriteAllBytes(Path.Combine(folder, "artifact.json"), Descriptor.ToJson());

    /// <summary>One expert: block 0 is quantized in several ways, block 1 kept.</summary>
    public sealed class Expert
    {
        private readonly Random _random;

        public Expert(string directory, int min, int max, ImmutableArray<ArtifactBin> bins, int seed)
        {
            _random = new Random(seed);
            Directory = directory;
            (MinTimestep, MaxTimestep, Bins) = (min, max, bins);
            foreach ((string name, IReadOnlyList<long> shape) in WanTensors.ExpectedShapes(Config))
                Set(TensorData.BFloat16(name, shape, Halves(shape)));
            for (int block = 0; block < Config.NumLayers; block++)
            {
                foreach (string layer in WanLayers.Names)
                    Layers[$"blocks.{block}.{layer}"] = new ArtifactLayer { Precision = ArtifactLayer.BF16 };
            }
            Quantize("blocks.0.self_attn.q", ArtifactLayer.W4A4, ArtifactLayer.PerBlock, 4, smooth: true);
            Quantize("blocks.0.self_attn.k", ArtifactLayer.W4A4, ArtifactLayer.PerBin, 4, smooth: true);
            Quantize("blocks.0.ffn.0", ArtifactLayer.W4A4, ArtifactLayer.PerBlock, 0, smooth: false);
            Quantize("blocks.0.ffn.2", ArtifactLayer.W4A16, null, 3, smooth: false);
        }

        public string Directory { get; }

        public int MinTimestep { get; }

        public int MaxTimestep { get; }

        public ImmutableArray<ArtifactBin> Bins { get; }

        public string ConfigText { get; set; } = ConfigJson;

        public Dictionary<string, TensorData> Tensors { get; } = new(StringComparer.Ordinal);

        public Dictionary<string, ArtifactLayer> Layers { get; } = new(StringComparer.Ordinal);

        public void Set(TensorData tensor) => Tensors[tensor.Name] = tensor;

        public ArtifactExpert Write(string root, long shardSize)
        {
            string folder = System.IO.Directory.CreateDirectory(Path.Combine(root, Directory)).FullName;
            File.WriteAllText(Path.Combine(folder, "config.json"), ConfigText);
            ShardPlan.Divide(Tensors.Values, shardSize).Write(folder);
            return new ArtifactExpert
            {
                Directory = Directory,
                MinTimestep = MinTimestep,
                MaxTimestep = MaxTimestep,
                Files = [.. System.IO.Directory.GetFiles(folder).Select(path =>
                    new ArtifactFile(Path.GetFileName(path), new FileInfo(path).Length,
                        Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(path)))))],
                Bins = Bins,
                Layers = Layers.ToImmutableSortedDictionary(StringComparer.Ordinal),
            };
        }

        private void Quantize(string layer, string precision, string? granularity, int rank, bool smooth)
        {
            (int rows, int columns) = Config.ShapeOf(layer["blocks.0.".Length..]);
            float[] weight = [.. Enumerable.Range(0, rows * columns).Select(_ => Normal())];
            var codes = new byte[rows * Mxfp4.CodeBytes(columns)];
            var scales = new byte[rows * Mxfp4.Blocks(columns)];
            Mxfp4.Quantize(new ReadOnlyMatrixView(weight, rows, columns), ScaleRule.Floor, TieRule.Zero, codes, scales);
            Tensors.Remove(layer + ".weight");
            Set(TensorData.Of(layer + ".weight_packed", [rows, codes.Length / rows], codes));
            Set(TensorData.Of(layer + ".weight_scale", [rows, scales.Length / rows], scales));
            if (smooth)
                Set(TensorData.Of(layer + ".smooth", [columns], Enumerable.Range(0, columns).Select(_ => 0.5f + _random.NextSingle())
                    .ToArray()));
            if (rank > 0)
            {
                Set(TensorData.BFloat16(layer + ".proj_down", [rank, columns], Halves([rank, columns])));
                Set(TensorData.BFloat16(layer + ".proj_up", [rows, rank], Halves([rows, rank])));
            }
            Layers[layer] = new ArtifactLayer { Precision = precision, Rank = rank, Smooth = smooth };
            if (precision == ArtifactLayer.W4A4)
                AddTables(layer, granularity!);
        }

        private void AddTables(string layer, string granularity)
        {
            int bins = Bins.Length;
            float[] ratios = [.. Enumerable.Range(0, bins).Select(i => 0.7f + (0.1f * i))];
            int[] offsets = [.. Enumerable.Range(0, bins).Select(i => -i)];
            float[] thresholds = granularity == ArtifactLayer.PerBin ? [.. Enumerable.Range(0, bins).Select(i => 1.5f + i)] : [];
            Set(TensorData.Of(layer + ".clip_ratio", [bins], ratios));
            Set(TensorData.Of(layer + ".clip_exponent_offset", [bins], offsets));
            if (thresholds.Length > 0)
                Set(TensorData.Of(layer + ".clip_threshold", [bins], thresholds));
            Layers[layer] = Layers[layer] with
            {
                Granularity = granularity, Ties = ArtifactLayer.TiesToEven,
                    Clips = [.. ratios.Select((ratio, i) =>
                        new ClipSetting(ratio, offsets[i], thresholds.Length > 0 ? thresholds[i] : null))],
            };
        }

        private ushort[] Halves(IReadOnlyList<long> shape) =>
            [.. Enumerable.Range(0, (int)shape.Aggregate(1L, (a, b) => a * b)).Select(_ => BFloat16.FromSingle(Normal()))];

        private float Normal() => (_random.NextSingle() + _random.NextSingle() + _random.NextSingle() - 1.5f) * 0.2f;
    }
}
