using System.Buffers.Binary;
using System.Text;
using System.Text.Json.Nodes;
using QuantBuild.Build.Tests.Infrastructure;

namespace QuantBuild.Build.Tests.Command;

public sealed class MemoryLimitTests : IDisposable
{
    private const long Limit = 360_000_000;
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void The_process_stays_below_the_limit_and_the_bytes_are_the_same_without_one()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "the peak of a process is read from /proc");
        string manifest = WriteModel();

        (Outcome limited, long peak) = Build(manifest, "limited", FormattableString.Invariant($"{Limit}B"));
        (Outcome free, long freePeak) = Build(manifest, "free", "4GiB");

        limited.Expect(0);
        free.Expect(0);
        Assert.True(peak <= Limit, $"peak {peak}, without a limit {freePeak}");
        // Or the limit would have nothing to do.
        Assert.InRange(freePeak, Limit + 1, long.MaxValue);
        Assert.Equal(ReducedModel.Bytes(_folder["free"]), ReducedModel.Bytes(_folder["limited"]));
        Assert.DoesNotContain("QB3208", limited.Out, StringComparison.Ordinal);
    }

    private (Outcome Outcome, long Peak) Build(string manifest, string name, string limit)
    {
        using RunningProcess process = Tool.Start(_folder.Path, new Dictionary<string, string?>(), "build", manifest,
            "--store", _folder[name + " store"], "--out", _folder[name], "--threads", "4", "--memory-limit", limit);
        long peak = 0;
        while (!process.HasExited)
        {
            peak = Math.Max(peak, process.PeakBytes);
            Thread.Sleep(20);
        }
        return (process.Wait(), peak);
    }

    /// <summary>Two experts of one block, wide enough that layers and not the program make the peak.</summary>
    private string WriteModel()
    {
        const string Config =
            """{ "model_type": "i2v", "dim": 1024, "ffn_dim": 4096, "num_heads": 8, "num_layers": 1, "in_dim": 36, "out_dim": 16, "text_len": 16, "text_dim": 64, "freq_dim": 64, "eps": 1e-6 }""";
        foreach (string expert in (string[])["high_noise_model", "low_noise_model"])
        {
            string directory = Directory.CreateDirectory(Path.Combine(_folder.Path, "checkpoint", expert)).FullName;
            File.WriteAllText(Path.Combine(directory, "config.json"), Config);
            WriteTensors(Path.Combine(directory, "diffusion_pytorch_model.safetensors"), "BF16", Weights());
        }
        WriteTensors(_folder["set.safetensors"], "BF16",
            [("sample.000.noise", [16, 2, 8, 8]), ("sample.000.y", [20, 2, 8, 8]), ("sample.000.context", [4, 64])]);
        File.WriteAllText(_folder["set.jsonl"], """{"id": 0, "prompt": ""}""");
        File.WriteAllText(_folder["wide.quant.json"], """
            {
              "model": { "source": "checkpoint" },
              "experts": { "high_noise": { "bins": ["all:0-1"] }, "low_noise": { "bins": ["all:0-1"] } },
              "calibration": { "data": "set.jsonl", "samples": 1, "steps": 4, "tokensPerStep": 32 },
              "quantize": { "weights": { "method": "gptq" }, "rotation": "none", "activations": { "clipRatios": [0.8, 1.0] } }
            }
            """);
        return _folder["wide.quant.json"];
    }

    private static IEnumerable<(string Name, int[] Shape)> Weights()
    {
        const int Dim = 1024, Ffn = 4096;
        yield return ("patch_embedding.weight", [Dim, 36, 1, 2, 2]);
        yield return ("patch_embedding.bias", [Dim]);
        foreach ((string name, int rows, int columns) in ((string, int, int)[])
            [("text_embedding.0", Dim, 64), ("text_embedding.2", Dim, Dim), ("time_embedding.0", Dim, 64), ("time_embedding.2", Dim, Dim),
            ("time_projection.1", 6 * Dim, Dim), ("head.head", 64, Dim), ("blocks.0.ffn.0", Ffn, Dim), ("blocks.0.ffn.2", Dim, Ffn)])
        {
            yield return (name + ".weight", [rows, columns]);
            yield return (name + ".bias", [rows]);
        }
        yield return ("head.modulation", [1, 2, Dim]);
        yield return ("blocks.0.modulation", [1, 6, Dim]);
        yield return ("blocks.0.norm3.weight", [Dim]);
        yield return ("blocks.0.norm3.bias", [Dim]);
        foreach (string attention in (string[])["blocks.0.self_attn", "blocks.0.cross_attn"])
        {
            yield return (attention + ".norm_q.weight", [Dim]);
            yield return (attention + ".norm_k.weight", [Dim]);
            foreach (char layer in "qkvo")
            {
                yield return ($"{attention}.{layer}.weight", [Dim, Dim]);
                yield return ($"{attention}.{layer}.bias", [Dim]);
            }
        }
    }

    /// <summary>A safetensors file of bfloat16 values of magnitude 1/128 to 1/32.</summary>
    private static void WriteTensors(string path, string type, IEnumerable<(string Name, int[] Shape)> tensors)
    {
        var header = new JsonObject();
        long end = 0;
        foreach ((string name, int[] shape) in tensors)
        {
            long begin = end;
            end += 2L * shape.Aggregate(1, (a, b) => a * b);
            header[name] = new JsonObject
            {
                ["dtype"] = type,
                ["shape"] = new JsonArray([.. shape.Select(size => (JsonNode)size)]),
                ["data_offsets"] = new JsonArray(begin, end),
            };
        }
        byte[] json = Encoding.UTF8.GetBytes(header.ToJsonString());
        var length = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(length, json.Length);
        using FileStream file = File.Create(path);
        file.Write(length);
        file.Write(json);
        var random = new Random(42);
        var values = new byte[end];
        random.NextBytes(values);
        for (int i = 0; i < values.Length; i += 2)
            BinaryPrimitives.WriteUInt16LittleEndian(values.AsSpan(i),
                (ushort)((BinaryPrimitives.ReadUInt16LittleEndian(values.AsSpan(i)) & 0x80FF) | 0x3C00));
        file.Write(values);
    }
}
