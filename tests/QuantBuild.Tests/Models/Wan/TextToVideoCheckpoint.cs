using System.Text.Json.Nodes;
using QuantBuild.Models.Wan;
using QuantBuild.SafeTensors;

namespace QuantBuild.Tests.Models.Wan;

/// <summary>
/// A tiny text-to-video model: the tiny checkpoint without the condition's channels. What it predicts is what the tiny model predicts on a
/// condition of zeros, which makes that one its reference.
/// </summary>
internal static class TextToVideoCheckpoint
{
    private static readonly string[] Experts = ["high_noise_model", "low_noise_model"];

    /// <summary>Writes it to a folder; text encoder, tokenizer and autoencoder are links to the original.</summary>
    public static string Write(string folder)
    {
        foreach (string expert in Experts)
        {
            Directory.CreateDirectory(Path.Combine(folder, expert));
            string source = TestData.TinyWan("checkpoint", expert);
            JsonObject config = JsonNode.Parse(File.ReadAllText(Path.Combine(source, "config.json")))!.AsObject();
            (config["model_type"], config["in_dim"]) = ("t2v", (int)config["out_dim"]!);
            File.WriteAllText(Path.Combine(folder, expert, "config.json"), config.ToJsonString());
            using ShardedCheckpoint tensors = ShardedCheckpoint.Open(source);
            SafeTensorsWriter.Write(Path.Combine(folder, expert, "diffusion_pytorch_model.safetensors"), [.. Tensors(tensors)]);
        }
        foreach (string part in (string[])["text_encoder", "tokenizer", "vae"])
            Directory.CreateSymbolicLink(Path.Combine(folder, part), TestData.TinyWan("checkpoint", part));
        return folder;
    }

    /// <summary>Writes a sample set of prompts.</summary>
    public static string WriteSet(string path, params string[] prompts)
    {
        File.WriteAllLines(path, prompts.Select((prompt, i) => new JsonObject
        {
            ["id"] = i, ["prompt"] = prompt, ["seed"] = 40 + i, ["frames"] = 5, ["width"] = 64, ["height"] = 48,
        }.ToJsonString()));
        return path;
    }

    /// <summary>The tensors of an expert, by their original names.</summary>
    public static IEnumerable<TensorData> Tensors(ShardedCheckpoint source) =>
        source.Tensors.Keys.Select(name => name == "patch_embedding.weight" ? Patches(source) : TensorData.Copy(source, name));

    private static TensorData Patches(ShardedCheckpoint source)
    {
        TensorInfo weight = source.Tensors["patch_embedding.weight"];
        (int rows, int channels) = ((int)weight.Shape[0], (int)weight.Shape[1]);
        int kept = (int)source.Tensors["head.head.weight"].Shape[0] / 4;
        ReadOnlySpan<byte> bytes = source.Bytes(weight.Name);
        int row = bytes.Length / rows, part = row / channels * kept;
        var cut = new byte[rows * part];
        for (int i = 0; i < rows; i++)
            bytes.Slice(i * row, part).CopyTo(cut.AsSpan(i * part));
        return TensorData.Of(weight.Name, weight.DType, [rows, kept, 1, 2, 2], cut);
    }

    /// <summary>An expert, loaded.</summary>
    public static WanTransformer Load(string folder, string expert)
    {
        using var checkpoint = WanCheckpoint.Open(Path.Combine(folder, expert));
        return new WanTransformer(WanWeights.Load(WanConfig.Load(Path.Combine(folder, expert, "config.json")), checkpoint));
    }
}
