using System.Buffers.Binary;
using System.Text;
using System.Text.Json;

namespace QuantBuild.Build.Tests.Infrastructure;

/// <summary>A copy of the tiny model's experts and calibration set inside a <see cref="ReducedModel"/>'s folder, to be damaged.</summary>
internal sealed class CheckpointCopy
{
    public const string SecondShard = "high_noise_model/diffusion_pytorch_model-00002-of-00002.safetensors";

    public const string LowNoise = "low_noise_model/diffusion_pytorch_model.safetensors";

    private readonly ReducedModel _model;

    public CheckpointCopy(ReducedModel model)
    {
        _model = model;
        string source = Repository.PathOf("models", "TinyWan");
        foreach (string expert in (string[])["high_noise_model", "low_noise_model"])
        {
            Directory.CreateDirectory(model["checkpoint", expert]);
            foreach (string file in Directory.EnumerateFiles(Path.Combine(source, "checkpoint", expert)))
                File.Copy(file, model["checkpoint", expert, Path.GetFileName(file)]);
        }
        foreach (string file in (string[])["calibration.jsonl", "calibration.safetensors"])
            File.Copy(Path.Combine(source, file), model[file]);
        model.Write(ReducedModel.Text()
            .Replace(Repository.PathOf("models", "TinyWan", "checkpoint").Replace('\\', '/'), "checkpoint", StringComparison.Ordinal)
            .Replace(Repository.PathOf("models", "TinyWan", "calibration.jsonl").Replace('\\', '/'), "calibration.jsonl",
                StringComparison.Ordinal));
    }

    public string this[string file] => _model["checkpoint", file];

    /// <summary>Replaces text of the same length in a file's header.</summary>
    public void ReplaceInHeader(string file, string before, string after)
    {
        Assert.Equal(before.Length, after.Length);
        byte[] bytes = File.ReadAllBytes(this[file]);
        int at = bytes.AsSpan().IndexOf(Encoding.UTF8.GetBytes(before));
        Assert.True(at > 0, before);
        Encoding.UTF8.GetBytes(after).CopyTo(bytes, at);
        File.WriteAllBytes(this[file], bytes);
    }

    /// <summary>Makes the first element of a bfloat16 tensor NaN.</summary>
    public void PutNaN(string file, string tensor)
    {
        byte[] bytes = File.ReadAllBytes(this[file]);
        int header = (int)BinaryPrimitives.ReadUInt64LittleEndian(bytes);
        using JsonDocument json = JsonDocument.Parse(bytes.AsMemory(8, header));
        int begin = json.RootElement.GetProperty(tensor).GetProperty("data_offsets")[0].GetInt32();
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(8 + header + begin), 0x7fc0);
        File.WriteAllBytes(this[file], bytes);
    }
}
