using System.Diagnostics.CodeAnalysis;
using QuantBuild.Models.Vae;
using QuantBuild.Pickles;
using QuantBuild.SafeTensors;
using QuantBuild.Text;

namespace QuantBuild.Pipelines;

/// <summary>
/// Where the parts of a checkpoint are. Text encoder and autoencoder are folders with safetensors, or the <c>.pth</c> files of the original
/// release, beside which a folder may have their <c>config.json</c>.
/// </summary>
/// <param name="root">The checkpoint's folder.</param>
internal sealed class PipelineFolders(string root)
{
    /// <summary>Files of the original release with the text encoder.</summary>
    public const string TextPickle = "models_t5_*.pth";

    /// <summary>Files of the original release with the autoencoder.</summary>
    public const string VaePickle = "Wan*_VAE.pth";

    /// <summary>The tokenizer's folder in the original release.</summary>
    public const string OriginalTokenizer = "google/umt5-xxl";

    private const string TextStem = "model";

    public string Tokenizer => Part("tokenizer", OriginalTokenizer);

    public string HighNoise => Part("high_noise_model", "transformer");

    public string LowNoise => Part("low_noise_model", "transformer_2");

    /// <summary>Files of the text encoder that are read, configuration first.</summary>
    public IReadOnlyList<string> TextFiles => [.. Config("text_encoder"), .. TextWeights];

    /// <summary>Files of the autoencoder that are read, configuration first.</summary>
    public IReadOnlyList<string> VaeFiles => [.. Config("vae"), .. VaeWeights];

    /// <summary>Files with the text encoder's weights, and their index.</summary>
    public IReadOnlyList<string> TextWeights => Weights("text_encoder", TextStem, TextPickle);

    /// <summary>Files with the autoencoder's weights, and their index.</summary>
    public IReadOnlyList<string> VaeWeights => Weights("vae", ShardedCheckpoint.DefaultStem, VaePickle);

    public ShardedCheckpoint OpenTextEncoder() => Open("text_encoder", TextStem, TextWeights);

    public ShardedCheckpoint OpenVae() => Open("vae", ShardedCheckpoint.DefaultStem, VaeWeights);

    /// <summary>The text encoder's configuration: its file, or what the shapes tell.</summary>
    public TextEncoderConfig TextConfig()
    {
        if (Config("text_encoder") is [var file])
            return TextEncoderConfig.Load(file);
        using ShardedCheckpoint weights = OpenTextEncoder();
        return TextEncoderConfig.From(weights.Tensors);
    }

    /// <summary>The autoencoder's configuration: its file, or that of the published Wan2.1 autoencoder.</summary>
    public VaeConfig VaeConfig()
    {
        if (Config("vae") is [var file])
            return Models.Vae.VaeConfig.Load(file);
        return Models.Vae.VaeConfig.Published;
    }

    /// <summary>Looks for all parts but the experts.</summary>
    /// <exception cref="InvalidDataException">One is missing; the message says which.</exception>
    public void Require() => _ = (TextWeights, Tokenizer, VaeWeights);

    private ShardedCheckpoint Open(string part, string stem, IReadOnlyList<string> weights) =>
        weights is [var only] && only.EndsWith(".pth", StringComparison.OrdinalIgnoreCase)
        ? OpenPickle(only)
        : ShardedCheckpoint.Open(Path.Combine(root, part), stem);

    [SuppressMessage("Reliability", "CA2000:Dispose objects before losing scope", Justification = "The checkpoint takes the file over.")]
    private static ShardedCheckpoint OpenPickle(string path)
    {
        SafeTensorsFile file = PthFile.Open(path);
        try
        {
            return ShardedCheckpoint.Of([file], null, null);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>A part's configuration, or nothing beside a file that has none.</summary>
    private string[] Config(string part)
    {
        string file = Path.Combine(root, part, "config.json");
        return File.Exists(file) || HasSafeTensors(part) ? [file] : [];
    }

    private string[] Weights(string part, string stem, string pickle)
    {
        string folder = Path.Combine(root, part), index = Path.Combine(folder, stem + ".safetensors.index.json");
        if (!HasSafeTensors(part) && Directory.Exists(root)
            && Directory.EnumerateFiles(root, pickle).Order(StringComparer.Ordinal).FirstOrDefault() is { } pth)
            return [pth];
        _ = Part(part);
        return [.. File.Exists(index) ? [index] : (string[])[],
            .. ShardedCheckpoint.FileNames(folder, stem).Select(name => Path.Combine(folder, name))];
    }

    private bool HasSafeTensors(string part) =>
        Directory.Exists(Path.Combine(root, part)) && Directory.EnumerateFiles(Path.Combine(root, part), "*.safetensors*").Any();

    private string Part(params ReadOnlySpan<string> names)
    {
        foreach (string name in names)
        {
            string folder = Path.Combine(root, name);
            if (Directory.Exists(folder))
                return folder;
        }
        throw new InvalidDataException($"{root}: there is no folder '{names[0]}'" + names[0] switch
        {
            "text_encoder" => ", nor a file models_t5_umt5-xxl-enc-bf16.pth of the original release",
            "vae" => ", nor a file Wan2.1_VAE.pth of the original release",
            _ => "",
        });
    }
}
