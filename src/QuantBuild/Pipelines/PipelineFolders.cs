using QuantBuild.SafeTensors;

namespace QuantBuild.Pipelines;

/// <summary>Where the parts of a checkpoint are.</summary>
/// <param name="root">The checkpoint's folder.</param>
internal sealed class PipelineFolders(string root)
{
    private const string TextStem = "model";

    public string Tokenizer => Part("tokenizer", "google/umt5-xxl");

    public string TextEncoder => Part("text_encoder");

    public string Vae => Part("vae");

    public string HighNoise => Part("high_noise_model", "transformer");

    public string LowNoise => Part("low_noise_model", "transformer_2");

    public string HighNoiseConfig => Path.Combine(HighNoise, "config.json");

    public string LowNoiseConfig => Path.Combine(LowNoise, "config.json");

    public ShardedCheckpoint OpenTextEncoder() => ShardedCheckpoint.Open(TextEncoder, TextStem);

    public ShardedCheckpoint OpenVae() => ShardedCheckpoint.Open(Vae);

    private string Part(params ReadOnlySpan<string> names)
    {
        foreach (string name in names)
        {
            string folder = Path.Combine(root, name);
            if (Directory.Exists(folder))
                return folder;
        }
        bool hasPickles = Directory.Exists(root) && Directory.EnumerateFiles(root, "*.pth").Any();
        throw new InvalidDataException($"{root}: there is no folder '{names[0]}'" + (hasPickles
            ? "; text encoder and autoencoder of the original layout are .pth files, which are programs and are not read: take the "
                + "folders text_encoder, tokenizer and vae of the model's Diffusers version"
            : ""));
    }
}
