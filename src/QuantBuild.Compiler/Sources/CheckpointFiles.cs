using System.Collections.Immutable;
using System.IO.Enumeration;
using System.Text.RegularExpressions;
using QuantBuild.Pipelines;
using QuantBuild.SafeTensors;

namespace QuantBuild.Compiler.Sources;

/// <summary>The files of a repository or folder that are needed of a checkpoint; what else lies there is left alone.</summary>
/// <param name="Experts">The folders of the experts that are needed, or their only files, with forward slashes.</param>
/// <param name="Encoders">Whether text encoder, tokenizer and autoencoder are needed too, and are folders.</param>
/// <param name="Pickles">
/// The <c>.pth</c> files of text encoder and autoencoder that are needed; empty where these are folders, or not needed.
/// </param>
internal sealed partial record CheckpointFiles(ImmutableArray<string> Experts, bool Encoders, ImmutableArray<string> Pickles)
{
    /// <summary>Folder of the text encoder.</summary>
    public const string TextEncoder = "text_encoder";

    /// <summary>Folder of the tokenizer.</summary>
    public const string Tokenizer = "tokenizer";

    /// <summary>Folder of the autoencoder.</summary>
    public const string Vae = "vae";

    private const string TextStem = "model";

    /// <summary>The folders of the experts in the original layout.</summary>
    public static ImmutableArray<string> OriginalExperts { get; } = ["high_noise_model", "low_noise_model"];

    /// <summary>The folders of the experts in the layout of the Diffusers library.</summary>
    public static ImmutableArray<string> DiffusersExperts { get; } = ["transformer", "transformer_2"];

    /// <summary>The experts that are one file each.</summary>
    public IEnumerable<string> ExpertFiles => Experts.Where(IsFile);

    /// <summary>The folders with weights, each with the name of its weights.</summary>
    public IEnumerable<(string Folder, string Stem)> Weights => Experts.Where(expert => !IsFile(expert))
        .Select(folder => (folder, ShardedCheckpoint.DefaultStem))
        .Concat(Encoders ? [(TextEncoder, TextStem), (Vae, ShardedCheckpoint.DefaultStem)] : []);

    /// <summary>The layout of a checkpoint, by the paths of its files: the folders of its experts, high noise first.</summary>
    public static ImmutableArray<string> ExpertsIn(IEnumerable<string> paths)
    {
        HashSet<string> folders = [.. paths.Select(path => path.Split('/')[0])];
        return folders.Contains(OriginalExperts[0]) || !folders.Contains(DiffusersExperts[0]) ? OriginalExperts : DiffusersExperts;
    }

    /// <summary>Whether an expert's weights are named as one file.</summary>
    public static bool IsFile(string weights) => weights.EndsWith(".safetensors", StringComparison.OrdinalIgnoreCase);

    /// <summary>What is needed of a checkpoint.</summary>
    /// <param name="experts">The folders of the experts that are needed; null for those that the layout has.</param>
    /// <param name="encoders">Whether text encoder, tokenizer and autoencoder are wanted, as far as the checkpoint has them.</param>
    /// <param name="paths">All its files.</param>
    public static CheckpointFiles Of(ImmutableArray<string>? experts, bool encoders, IReadOnlyCollection<string> paths)
    {
        string[] text = [.. paths.Where(path => path.StartsWith(TextEncoder + "/", StringComparison.Ordinal))];
        ImmutableArray<string> pickles = encoders && !text.Any(path => path.EndsWith(".safetensors", StringComparison.Ordinal))
            && First(PipelineFolders.TextPickle) is { } encoder && First(PipelineFolders.VaePickle) is { } vae ? [encoder, vae] : [];
        return new CheckpointFiles(experts ?? ExpertsIn(paths), encoders && pickles.IsEmpty && text.Length > 0, pickles);

        string? First(string pattern) => paths.Where(path => FileSystemName.MatchesSimpleExpression(pattern, path, ignoreCase: false))
            .Order(StringComparer.Ordinal).FirstOrDefault();
    }

    /// <summary>Whether a file is needed.</summary>
    public bool Needs(string path) => IsSmall(path) || IsWeights(path) || Pickles.Contains(path);

    /// <summary>Whether a file is needed and is none with weights: configurations, indexes, and the tokenizer.</summary>
    public bool IsSmall(string path)
    {
        // A configuration at the root is that of a model of one expert, to be named.
        if (path is PipelineIndex.FileName or "config.json")
            return true;
        (string folder, string name) = Split(path);
        if (name == "config.json" && ExpertFiles.Any(file => Split(file).Folder == folder))
            return true;
        if ((Encoders && folder == Tokenizer) || (!Pickles.IsEmpty && folder == PipelineFolders.OriginalTokenizer))
            return name is "tokenizer.json" or "spiece.model";
        if (!Pickles.IsEmpty && folder is (TextEncoder or Vae))
            return name == "config.json";
        return StemOf(folder) is { } stem && (name == "config.json" || name == $"{stem}.safetensors.index.json");
    }

    /// <summary>Whether a file is needed and has weights as safetensors.</summary>
    public bool IsWeights(string path)
    {
        (string folder, string name) = Split(path);
        return Experts.Contains(path) || StemOf(folder) is { } stem && name.StartsWith(stem, StringComparison.Ordinal) && WeightsEnding()
            .IsMatch(name[stem.Length..]);
    }

    private string? StemOf(string folder) => Weights.Where(entry => entry.Folder == folder).Select(entry => entry.Stem).FirstOrDefault();

    private static (string Folder, string Name) Split(string path)
    {
        int slash = path.LastIndexOf('/');
        return slash < 0 ? ("", path) : (path[..slash], path[(slash + 1)..]);
    }

    [GeneratedRegex(@"^(-\d{5,6}-of-\d{5,6})?\.safetensors\z", RegexOptions.CultureInvariant)]
    private static partial Regex WeightsEnding();
}
