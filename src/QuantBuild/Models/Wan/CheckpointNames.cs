using QuantBuild.SafeTensors;

namespace QuantBuild.Models.Wan;

/// <summary>Original names for the tensors of a checkpoint, whoever wrote its files; docs/sources.md lists the spellings.</summary>
internal sealed class CheckpointNames
{
    private static readonly string[] Prefixes = ["model.diffusion_model.", "diffusion_model."];

    // What lies in files beside the model: parts of other models, copies of training, and remains of merging.
    private static readonly string[] Strangers =
        ["first_stage_model.", "cond_stage_model.", "conditioner.", "text_encoders.", "text_encoder.", "vae.", "model_ema.", "ema.",
            "head_copy."];

    private CheckpointNames(IReadOnlyDictionary<string, string> inFile, IReadOnlyList<string> leftOut, bool isDiffusers, bool isRenamed)
    {
        InFile = inFile;
        LeftOut = leftOut;
        IsDiffusers = isDiffusers;
        IsRenamed = isRenamed;
    }

    /// <summary>The name in the file by the original name. Names that no layout has stay as they are.</summary>
    public IReadOnlyDictionary<string, string> InFile { get; }

    /// <summary>Names in the file of what is no part of the expert, in ordinal order.</summary>
    public IReadOnlyList<string> LeftOut { get; }

    /// <summary>Whether the files use the names of the Diffusers library.</summary>
    public bool IsDiffusers { get; }

    /// <summary>Whether any name differs, or any tensor is left out.</summary>
    public bool IsRenamed { get; }

    /// <summary>The names of some files.</summary>
    /// <param name="names">Names in the files.</param>
    /// <param name="fileOf">The file of a name, for messages.</param>
    /// <exception cref="SafeTensorsException">Two tensors are the same one's.</exception>
    public static CheckpointNames Of(IEnumerable<string> names, Func<string, string?> fileOf)
    {
        string[] all = [.. names.Order(StringComparer.Ordinal)];
        string prefix = Prefixes.FirstOrDefault(start => all.Any(name => name.StartsWith(start, StringComparison.Ordinal))) ?? "";
        bool isDiffusers = all.Contains(prefix + WanNames.Mark);
        var inFile = new Dictionary<string, string>(StringComparer.Ordinal);
        var leftOut = new List<string>();
        foreach (string theirs in all)
        {
            string name = theirs.StartsWith(prefix, StringComparison.Ordinal) ? theirs[prefix.Length..] : theirs;
            if (IsStranger(name) || (prefix.Length > 0 && name == theirs))
            {
                leftOut.Add(theirs);
                continue;
            }
            if (isDiffusers)
                name = WanNames.Original(name) ?? name;
            if (!inFile.TryAdd(name, theirs))
                throw new SafeTensorsException("DuplicateTensor", $"tensors '{theirs}' and '{inFile[name]}' are the same layer's",
                    fileOf(theirs));
        }
        return new CheckpointNames(inFile, leftOut, isDiffusers, leftOut.Count > 0 || inFile.Any(entry => entry.Key != entry.Value));
    }

    private static bool IsStranger(string name) =>
        Strangers.Any(start => name.StartsWith(start, StringComparison.Ordinal))
        || name.Contains(".lora_", StringComparison.Ordinal) || name.Contains("lora_unet_", StringComparison.Ordinal)
        || name.EndsWith("_ema", StringComparison.Ordinal);
}
