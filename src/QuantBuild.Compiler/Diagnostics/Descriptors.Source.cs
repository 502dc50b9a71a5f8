namespace QuantBuild.Compiler.Diagnostics;

/// <content>QB2: the source model and the calibration set on disk.</content>
internal static partial class Descriptors
{
    /// <summary>QB2001: the checkpoint's folder is not there.</summary>
    public static readonly DiagnosticDescriptor SourceNotFound = new("QB2001", Severity.Error,
        "The checkpoint folder '{0}' does not exist",
        "`model.source` leads nowhere; a relative path starts at the manifest's folder.",
        "Correct the path, or download the checkpoint to it.");

    /// <summary>QB2002: an expert's folder is not there.</summary>
    public static readonly DiagnosticDescriptor ExpertNotFound = new("QB2002", Severity.Error,
        "The folder '{0}' of {1} does not exist; {2}",
        "The checkpoint has no such folder. In the original layout of Wan2.2 the experts are in high_noise_model and low_noise_model, "
            + "in that of the Diffusers library in transformer and transformer_2.",
        "Name the expert's folder with its `weights`, or complete the checkpoint.");

    /// <summary>QB2003: an expert's configuration cannot be used.</summary>
    public static readonly DiagnosticDescriptor InvalidConfig = new("QB2003", Severity.Error,
        "The configuration of {0} cannot be used: {1}",
        "`config.json` is missing, is not JSON, or describes no expert of Wan2.2.",
        "Restore the file from the original checkpoint.");

    /// <summary>QB2004: a weights file breaks the format.</summary>
    public static readonly DiagnosticDescriptor InvalidCheckpoint = new("QB2004", Severity.Error,
        "The weights of {0} cannot be used: {1} ({2})",
        "A safetensors file or the index of shards is missing, truncated or damaged. The word in parentheses names the broken rule of "
            + "the format.",
        "Download the file again and compare its SHA-256 with the published one.");

    /// <summary>QB2005: a file of the source cannot be read.</summary>
    public static readonly DiagnosticDescriptor SourceUnreadable = new("QB2005", Severity.Error,
        "The file cannot be read: {0}",
        "The operating system refuses to read a file of the checkpoint or of the calibration set.",
        "Check rights and the disk.");

    /// <summary>QB2006: a tensor is missing.</summary>
    public static readonly DiagnosticDescriptor MissingTensor = new("QB2006", Severity.Error,
        "Tensor '{0}' of {1} is missing{2}",
        "The configuration implies a tensor that no file of the expert has: the checkpoint is incomplete, or `config.json` belongs to "
            + "another one.",
        "Complete the checkpoint, or restore its `config.json`.");

    /// <summary>QB2007: a tensor that the architecture does not have.</summary>
    public static readonly DiagnosticDescriptor UnexpectedTensor = new("QB2007", Severity.Error,
        "Tensor '{0}' is not part of a Wan2.2 expert of this configuration{1}",
        "The checkpoint has a tensor that would be ignored: it is another architecture, a layout that is neither the original one nor "
            + "that of the Diffusers library, or `config.json` says too few blocks.",
        "Use the checkpoint in one of the two layouts of Wan2.2.");

    /// <summary>QB2008: a tensor of the wrong shape.</summary>
    public static readonly DiagnosticDescriptor WrongShape = new("QB2008", Severity.Error,
        "Tensor '{0}' is [{1}], but the configuration asks for [{2}]{3}",
        "Weights and `config.json` belong to different models.",
        "Restore the `config.json` of the checkpoint.");

    /// <summary>QB2009: a tensor of an element type that weights cannot have.</summary>
    public static readonly DiagnosticDescriptor WrongDType = new("QB2009", Severity.Error,
        "Tensor '{0}' is {1}; weights must be F32, F16, BF16, F8_E4M3 or F8_E5M2{2}",
        "The checkpoint is already quantized: to integers, to 4 bits, or to a format that QuantBuild cannot read back.",
        "Use the full-precision checkpoint, or its 8-bit floating-point version.");

    /// <summary>QB2010: two experts that cannot serve one sampling run.</summary>
    public static readonly DiagnosticDescriptor ExpertsDisagree = new("QB2010", Severity.Error,
        "The experts differ in '{0}': {1} has {2}, {3} has {4}",
        "Both experts see the same latents and the same text, so their inputs and outputs must have the same sizes.",
        "Use two experts of one model; a folder may be given twice or from another checkpoint.");

    /// <summary>QB2011: the calibration set is not there.</summary>
    public static readonly DiagnosticDescriptor CalibrationNotFound = new("QB2011", Severity.Error,
        "The calibration file '{0}' does not exist",
        "`calibration.data` names a .jsonl file; beside it, under the same name, is the .safetensors file of its tensors, unless its "
            + "lines name pictures to make them of.",
        "Correct the path, or add the file.");

    /// <summary>QB2012: the checkpoint and the manifest switch experts at different timesteps.</summary>
    public static readonly DiagnosticDescriptor BoundaryDiffers = new("QB2012", Severity.Warning,
        "The checkpoint switches experts at {0}, the manifest at {1}",
        "`model_index.json` of a Diffusers checkpoint has a `boundary_ratio`, and `model.boundary` says something else: each expert is "
            + "calibrated and used on timesteps that it was not trained for.",
        "Set `model.boundary` to the checkpoint's value.");

    /// <summary>QB2013: a checkpoint of the Hub cannot be had.</summary>
    public static readonly DiagnosticDescriptor SourceNotFetched = new("QB2013", Severity.Error,
        "The checkpoint '{0}' cannot be fetched: {1}",
        "`model.source` names a repository of the Hub that is not complete in the download cache and cannot be brought there. The Hub's "
            + "own diagnostic follows.",
        "Follow the cure of the second diagnostic; or download the checkpoint by other means and name its folder.");

    /// <summary>QB2014: the Hub was not asked what a branch is now.</summary>
    public static readonly DiagnosticDescriptor SourceFromCache = new("QB2014", Severity.Warning,
        "The Hub cannot be reached; of '{0}' commit {1} is used, which the download cache has",
        "A branch or tag can only be looked up on the Hub. The last commit that it was seen at is complete in the cache, so the work "
            + "goes on with that.",
        "None is needed. Name a commit in place of the branch to work without the Hub.");

    /// <summary>QB2020: a LoRA file that cannot be merged.</summary>
    public static readonly DiagnosticDescriptor LoraInvalid = new("QB2020", Severity.Error,
        "The LoRA '{0}' cannot be merged into {1}: {2}",
        "A file of `model.loras` is damaged, is no LoRA, or was made for another model: every key must belong to a layer of the expert, "
            + "and its shapes must fit.",
        "Use the file for this model and this expert; `\"experts\"` of an entry names the experts that it is for.");

    /// <summary>QB2021: tensors that are left out.</summary>
    public static readonly DiagnosticDescriptor TensorsLeftOut = new("QB2021", Severity.Warning,
        "{0} tensors in the files of {1} are left out ({2}): {3}",
        "Files that others made hold more than the model: encoders, copies of training, remains of merging, or scales of activations, "
            + "which QuantBuild chooses itself.",
        "None is needed, unless one of the names is a part of the model.");

    /// <summary>QB2022: keys of a LoRA for a part that the model does not have.</summary>
    public static readonly DiagnosticDescriptor LoraPartLeftOut = new("QB2022", Severity.Warning,
        "The LoRA '{0}' has {1} keys that are left out of {2}, for the branch of the picture that Wan2.1 has and Wan2.2 has not: {3}",
        "Files that were made for several models bring keys for all of them.",
        "None is needed. If the file is not meant for Wan2.2, remove it.");

    /// <summary>QB2023: a LoRA file is not there.</summary>
    public static readonly DiagnosticDescriptor LoraNotFound = new("QB2023", Severity.Error,
        "The LoRA file '{0}' does not exist",
        "An entry of `model.loras` names a file that is not there; a relative path starts at the manifest's folder.",
        "Correct the path, or add the file.");

    /// <summary>QB2024: another model of the family.</summary>
    public static readonly DiagnosticDescriptor OtherModel = new("QB2024", Severity.Error,
        "The weights of {0} are those of {1}, which cannot be quantized",
        "The configuration, or names and shapes of the tensors, are those of another model of the Wan family. QuantBuild quantizes the "
            + "two experts of Wan2.2-I2V-A14B and of Wan2.2-T2V-A14B, and models of their architectures.",
        "Use a checkpoint of one of these two.");

    /// <summary>QB2025: a model of the other architecture.</summary>
    public static readonly DiagnosticDescriptor ArchitectureDiffers = new("QB2025", Severity.Error,
        "The checkpoint's experts make {0}, and the manifest says '{1}'",
        "`model.architecture` decides about boundary, schedule and samples; whether the experts have channels for a picture's condition "
            + "tells which one the checkpoint is.",
        "Set `\"architecture\"` to what the checkpoint is: wan2.2-i2v for videos of a first frame, wan2.2-t2v for videos of a prompt "
            + "alone.");

    /// <summary>QB2026: a picture for a model that takes none.</summary>
    public static readonly DiagnosticDescriptor PictureRefused = new("QB2026", Severity.Error,
        "There is a picture, '{0}', and the model makes videos of a prompt alone",
        "A text-to-video model has no input for a first frame.",
        "Leave the picture out, or use an image-to-video model.");

    /// <summary>QB2027: no picture for a model that takes one.</summary>
    public static readonly DiagnosticDescriptor PictureMissing = new("QB2027", Severity.Error,
        "There is no picture, and the model makes videos of a first frame and a prompt",
        "An image-to-video model continues a first frame.",
        "Name one with --image, or use a text-to-video model.");

    /// <summary>QB2028: a file whose name speaks of the other expert.</summary>
    public static readonly DiagnosticDescriptor OtherExpertsFile = new("QB2028", Severity.Warning,
        "'{0}' is used for {1}, and its name speaks of {2}",
        "Files for Wan2.2 come in pairs, one per expert, with names that say which; both fit either expert, and the wrong one gives noise "
            + "or a video that falls apart.",
        "Exchange the two files, or name the experts of a LoRA by `\"experts\"`. If the file is meant for this expert, none is needed.");

    /// <summary>QB2015: samples cannot be made of pictures.</summary>
    public static readonly DiagnosticDescriptor EncodersUnusable = new("QB2015", Severity.Error,
        "Text encoder, tokenizer and autoencoder cannot be used: {0}",
        "There are no tensors beside the sample set, so its pictures and prompts must be encoded, and a part of the checkpoint that "
            + "does so is missing, damaged, or of another model.",
        "Put the folders text_encoder, tokenizer and vae of the model's Diffusers version beside the experts; or add the set's tensors, "
            + "which `quantbuild prepare` makes.");
}
