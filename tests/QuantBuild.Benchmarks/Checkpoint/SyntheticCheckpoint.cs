using QuantBuild.Formats;
using QuantBuild.Models.Wan;
using QuantBuild.SafeTensors;

namespace QuantBuild.Benchmarks.Checkpoint;

/// <summary>
/// A Wan2.2 checkpoint of the real widths and few blocks, with a calibration set and a manifest. The same bytes every time.
/// </summary>
/// <remarks>
/// Weights are nearly normal numbers scaled by the root of their inputs, so that activations neither vanish nor explode; every 97th input
/// channel is eight times as large, as trained models have outlier channels, and so is every 89th channel of a normalized activation.
/// </remarks>
internal static class SyntheticCheckpoint
{
    private const int WeightOutliers = 97;
    private const int ActivationOutliers = 89;
    private const float OutlierFactor = 8;

    /// <summary>Shape of the real experts but for the number of blocks.</summary>
    public static WanConfig Config(int blocks) => new()
    {
        Dim = 5120,
        FfnDim = 13824,
        NumHeads = 40,
        NumLayers = blocks,
        InDim = 36,
        OutDim = 16,
    };

    /// <summary>Writes everything.</summary>
    /// <returns>Path of the manifest.</returns>
    public static string Write(string folder, CheckpointSettings settings)
    {
        WanConfig config = Config(settings.Blocks);
        ulong seed = 1;
        foreach (string expert in (string[])["high_noise_model", "low_noise_model"])
        {
            string directory = Directory.CreateDirectory(Path.Combine(folder, "checkpoint", expert)).FullName;
            File.WriteAllBytes(Path.Combine(directory, "config.json"), config.ToJson());
            string file = Path.Combine(directory, ShardedCheckpoint.DefaultStem + ".safetensors");
            ulong first = seed;
            if (!File.Exists(file))
                SafeTensorsWriter.Write(file,
                    [.. WanTensors.ExpectedShapes(config).Select((tensor, i) => Tensor(tensor.Key, tensor.Value, first + (ulong)i))]);
            seed += 10_000;
        }
        WriteSamples(folder, config, settings);
        string manifest = Path.Combine(folder, "scale.quant.json");
        File.WriteAllText(manifest, FormattableString.Invariant($$"""
            {
              "model": { "source": "checkpoint" },
              "experts": { "high_noise": { "bins": ["all:0-1"] }, "low_noise": { "bins": ["early:0-0.5", "late:0.5-1"] } },
              "calibration": { "data": "set.jsonl", "samples": {{settings.Samples}}, "steps": {{settings.Steps}}, "tokensPerStep": {{settings.TokensPerStep}} },
              "quantize": { "lowRank": { "rank": 32 } }
            }

            """));
        return manifest;
    }

    private static TensorData Tensor(string name, IReadOnlyList<long> shape, ulong seed) => new(name, DType.BF16, shape, stream =>
    {
        long count = shape.Aggregate(1L, (a, b) => a * b);
        bool matrix = shape.Count > 1 && !name.EndsWith("modulation", StringComparison.Ordinal);
        long inputs = matrix ? count / shape[0] : 1;
        float scale = matrix ? (float)(1 / Math.Sqrt(inputs)) : 0.1f;
        float offset = name.EndsWith("norm_q.weight", StringComparison.Ordinal) || name.EndsWith("norm_k.weight", StringComparison.Ordinal)
            || name.EndsWith("norm3.weight", StringComparison.Ordinal) ? 1 : 0;
        var values = new float[Math.Min(count, 1 << 20)];
        var bits = new ushort[values.Length];
        for (long done = 0; done < count; done += values.Length)
        {
            int length = (int)Math.Min(values.Length, count - done);
            Normal(values.AsSpan(0, length), seed, done);
            for (int i = 0; i < length; i++)
            {
                long at = done + i;
                bool outlier = matrix ? at % inputs % WeightOutliers == 0 : at % ActivationOutliers == 0;
                values[i] = (values[i] * scale * (outlier ? OutlierFactor : 1)) + offset;
            }
            BFloat16.FromSingle(values.AsSpan(0, length), bits.AsSpan(0, length));
            stream.Write(System.Runtime.InteropServices.MemoryMarshal.AsBytes(bits.AsSpan(0, length)));
        }
    });

    private static void WriteSamples(string folder, WanConfig config, CheckpointSettings settings)
    {
        (int frames, int side) = (settings.Frames, settings.Side);
        var tensors = new List<TensorData>();
        var lines = new List<string>();
        for (int sample = 0; sample < settings.Samples; sample++)
        {
            string prefix = FormattableString.Invariant($"sample.{sample:000}");
            Add($"{prefix}.noise", config.OutDim, frames, side, side);
            Add($"{prefix}.y", config.InDim - config.OutDim, frames, side, side);
            Add($"{prefix}.context", 64, config.TextDim);
            lines.Add(FormattableString.Invariant($$"""{"id": {{sample}}, "prompt": "random numbers"}"""));
        }
        SafeTensorsWriter.Write(Path.Combine(folder, "set.safetensors"), tensors);
        File.WriteAllLines(Path.Combine(folder, "set.jsonl"), lines);

        void Add(string name, params long[] shape)
        {
            var values = new float[shape.Aggregate(1L, (a, b) => a * b)];
            Normal(values, 77 + (ulong)tensors.Count, 0);
            tensors.Add(TensorData.Of(name, shape, values));
        }
    }

    /// <summary>
    /// Sums of four uniform bytes, shifted and scaled to mean 0 and deviation 1; number i depends on the seed and i alone.
    /// </summary>
    private static void Normal(Span<float> values, ulong seed, long first)
    {
        // Four independent values from 0 to 255 have a variance of 4 * (256² - 1) / 12.
        const float Deviation = 147.8f;
        for (int i = 0; i < values.Length; i++)
        {
            ulong x = ((ulong)(first + i) * 0x9E3779B97F4A7C15) ^ (seed * 0xD1B54A32D192ED03);
            x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9;
            x = (x ^ (x >> 27)) * 0x94D049BB133111EB;
            x ^= x >> 31;
            int sum = (int)(x & 255) + (int)((x >> 8) & 255) + (int)((x >> 16) & 255) + (int)((x >> 24) & 255);
            values[i] = (sum - 510) / Deviation;
        }
    }
}
