using QuantBuild.SafeTensors;
using QuantBuild.Soak.Mutations;

namespace QuantBuild.Tests.Pickles;

/// <summary>The tiny checkpoint in the layout of the original release.</summary>
internal static class OriginalLayout
{
    /// <summary>Writes it; experts and tokenizer are links.</summary>
    /// <param name="folder">Where to.</param>
    /// <param name="withConfigs">Whether folders with configurations lie beside the files, whose shapes would tell the published ones.</param>
    public static void Write(string folder, bool withConfigs = true)
    {
        Directory.CreateDirectory(folder);
        foreach (string expert in (string[])["high_noise_model", "low_noise_model"])
            Directory.CreateSymbolicLink(Path.Combine(folder, expert), TestData.TinyWan("checkpoint", expert));
        Directory.CreateDirectory(Path.Combine(folder, "google"));
        Directory.CreateSymbolicLink(Path.Combine(folder, "google", "umt5-xxl"), TestData.TinyWan("checkpoint", "tokenizer"));
        WritePart(folder, "text_encoder", "model", "models_t5_umt5-xxl-enc-bf16.pth", withConfigs);
        WritePart(folder, "vae", ShardedCheckpoint.DefaultStem, "Wan2.1_VAE.pth", withConfigs);
    }

    private static void WritePart(string folder, string part, string stem, string file, bool withConfig)
    {
        using ShardedCheckpoint source = ShardedCheckpoint.Open(TestData.TinyWan("checkpoint", part), stem);
        var archive = new TorchArchive { Root = Path.GetFileNameWithoutExtension(file) };
        foreach ((string name, TensorInfo tensor) in source.Tensors.OrderBy(entry => entry.Key, StringComparer.Ordinal))
        {
            (string kind, int width) = tensor.DType switch
            {
                DType.F32 => ("FloatStorage", 4),
                DType.BF16 => ("BFloat16Storage", 2),
                _ => ("HalfStorage", 2),
            };
            archive.Add(name, new TorchStorage(kind, width, source.Bytes(name).ToArray()), [.. tensor.Shape]);
        }
        File.WriteAllBytes(Path.Combine(folder, file), archive.ToFile());
        if (!withConfig)
            return;
        Directory.CreateDirectory(Path.Combine(folder, part));
        File.Copy(TestData.TinyWan("checkpoint", part, "config.json"), Path.Combine(folder, part, "config.json"));
    }
}
