using System.Buffers.Binary;
using System.Text;
using System.Text.Json;
using QuantBuild.Compiler.Manifests.Binding;
using QuantBuild.Compiler.Planning;
using QuantBuild.Models.Wan;
using QuantBuild.Tests.Manifests;

namespace QuantBuild.Tests.Planning;

/// <summary>A project folder with a checkpoint of zeros, small enough to write anew for each test and to spoil in any way.</summary>
internal sealed class TestCheckpoint : IDisposable
{
    public static readonly WanConfig Small = new()
    {
        Dim = 64, FfnDim = 96, NumHeads = 2, NumLayers = 4, InDim = 6, OutDim = 2, TextLen = 8, TextDim = 16, FreqDim = 32,
    };

    public TestCheckpoint(WanConfig? high = null, WanConfig? low = null)
    {
        WriteExpert("high_noise_model", high ?? Small, Expected(high ?? Small));
        WriteExpert("low_noise_model", low ?? Small, Expected(low ?? Small));
        File.WriteAllText(PathOf("calibration.jsonl"), "");
        File.WriteAllText(PathOf("calibration.safetensors"), "");
    }

    public string Folder { get; } = Directory.CreateTempSubdirectory("plan").FullName;

    public static Dictionary<string, (string Type, long[] Shape)> Expected(WanConfig config) =>
        WanTensors.ExpectedShapes(config).ToDictionary(entry => entry.Key, entry => ("BF16", (long[])[.. entry.Value]));

    public string PathOf(params string[] parts) => Path.Combine([Folder, .. parts]);

    public void WriteExpert(string folder, WanConfig config, Dictionary<string, (string Type, long[] Shape)> tensors)
    {
        Directory.CreateDirectory(PathOf("checkpoint", folder));
        File.WriteAllText(PathOf("checkpoint", folder, "config.json"), JsonSerializer.Serialize(new
        {
            model_type = "i2v", dim = config.Dim, ffn_dim = config.FfnDim, num_heads = config.NumHeads, num_layers = config.NumLayers,
            in_dim = config.InDim, out_dim = config.OutDim, text_len = config.TextLen, text_dim = config.TextDim, freq_dim = config.FreqDim,
            eps = 1e-6,
        }));
        long end = 0;
        var header = new Dictionary<string, object>();
        foreach ((string name, (string type, long[] shape)) in tensors)
        {
            long begin = end;
            end += shape.Aggregate(1L, (a, b) => a * b) * (type is "F32" or "I32" ? 4 : type == "U8" ? 1 : 2);
            header.Add(name, new { dtype = type, shape, data_offsets = (long[])[begin, end] });
        }
        string json = JsonSerializer.Serialize(header);
        byte[] text = Encoding.UTF8.GetBytes(json.PadRight((json.Length + 7) / 8 * 8));
        byte[] file = new byte[8 + text.Length + end];
        BinaryPrimitives.WriteInt64LittleEndian(file, text.Length);
        text.CopyTo(file, 8);
        File.WriteAllBytes(PathOf("checkpoint", folder, "diffusion_pytorch_model.safetensors"), file);
    }

    /// <summary>Reads a manifest as if it lay in the project folder, and resolves it.</summary>
    public PlanResult Resolve(string text)
    {
        ManifestReadResult read = ManifestReader.ReadText(PathOf("model.quant.json"), Encoding.UTF8.GetBytes(text));
        Assert.Empty(read.Diagnostics);
        return Planner.Resolve(read.Manifest!);
    }

    /// <summary>The plan of a manifest that has neither errors nor warnings.</summary>
    public Plan Plan(string text)
    {
        PlanResult result = Resolve(text);
        Assert.Empty(result.Diagnostics);
        return result.Plan!;
    }

    /// <summary>The plan's problems as "line QB1234: message".</summary>
    public IReadOnlyList<string> Problems(string text) =>
        [.. Resolve(text).Diagnostics.Select(d => $"{d.Span!.Value.Line} {d.Descriptor.Code}: {d.Message}")];

    /// <summary>Problems of the minimal manifest with more sections from line 5 on.</summary>
    public IReadOnlyList<string> ProblemsWith(string sections) => Problems(ManifestText.With(sections));

    public void Dispose() => Directory.Delete(Folder, recursive: true);
}
