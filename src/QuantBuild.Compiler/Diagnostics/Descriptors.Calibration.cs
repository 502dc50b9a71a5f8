namespace QuantBuild.Compiler.Diagnostics;

/// <content>QB31xx: calibration and evaluation sets.</content>
internal static partial class Descriptors
{
    /// <summary>The jsonl file or its tensors cannot be read.</summary>
    public static readonly DiagnosticDescriptor CalibrationUnreadable = new("QB3101", Severity.Error,
        "The sample set '{0}' cannot be read: {1}",
        "The file named by calibration.data (or the evaluation set) is missing, not readable, or its safetensors file is.",
        "Check the path, which is relative to the manifest. The tensors are expected beside it under the same name with .safetensors.");

    /// <summary>A line of the jsonl file is not a sample.</summary>
    public static readonly DiagnosticDescriptor CalibrationLine = new("QB3102", Severity.Error,
        "This line is not a sample: {0}",
        "Every line must be a JSON object with an integer \"id\" that no other line has, and a string \"prompt\". Samples that are made "
            + "of pictures also need " +
        "a string \"image\" and an integer \"seed\", and may have integers \"frames\", \"width\" and \"height\". Other keys are "
            + "refused: one that is misspelled would be ignored in silence.",
        "Correct the line.");

    /// <summary>There is nothing to calibrate with.</summary>
    public static readonly DiagnosticDescriptor CalibrationEmpty = new("QB3103", Severity.Error,
        "The sample set '{0}' has {1} samples, {2} are needed",
        "calibration.samples asks for more samples than the set has, or the set is empty.",
        "Add samples, or lower calibration.samples.");

    /// <summary>A sample's tensor is missing or has the wrong size or type.</summary>
    public static readonly DiagnosticDescriptor CalibrationTensor = new("QB3104", Severity.Error,
        "Sample {0}: tensor '{1}' {2}",
        "A sample needs noise [channels,frames,height,width], y [4+channels,frames,height,width] and context [tokens,text_dim] as F32, "
            + "F16 or BF16, " +
        "with even height and width and at most text_len tokens, all finite.",
        "Record the sample again with the shapes of this model's config.json.");

    /// <summary>The full-precision model itself produces NaN or infinity.</summary>
    public static readonly DiagnosticDescriptor TrajectoryNotFinite = new("QB3105", Severity.Error,
        "Sample {0}, timestep {1}: the full-precision model has values that are not finite at {2}",
        "A weight of the checkpoint or a value of the sample overflows or is not a number.",
        "Check the checkpoint with `quantbuild inspect`, and the sample; leave the sample out if the model itself cannot run it.");

    /// <summary>A first frame that cannot be used.</summary>
    public static readonly DiagnosticDescriptor CalibrationPicture = new("QB3106", Severity.Error,
        "The picture '{0}' cannot be used: {1}",
        "The first frame of a sample is missing, is no PNG, JPEG, WebP, GIF or BMP file, is damaged, or does not go with the size and "
            + "the frames of its line.",
        "Correct the line or the file; frames are one more than a multiple of four, and paths are relative to the sample set.");

    /// <summary>A line of a new project that nobody filled in.</summary>
    public static readonly DiagnosticDescriptor CalibrationPlaceholder = new("QB3107", Severity.Error,
        "{0} of {1} samples are not filled in: they have the prompt that every new project has ({2})",
        "A model that is calibrated with a prompt that says nothing of the picture meets activations that real prompts do not cause; "
            + "its quality would suffer silently.",
        "Put your pictures into the folder, and write into each line its picture and what happens in the video that begins with it; or "
            + "remove lines and lower calibration.samples.");

    /// <summary>A first frame of one colour.</summary>
    public static readonly DiagnosticDescriptor CalibrationImageConstant = new("QB3110", Severity.Warning,
        "The first frame '{0}' is one colour everywhere",
        "A model sees activations of such a picture that real ones do not have; scales and clipping chosen with it fit badly.",
        "Use a real first frame.");

    /// <summary>A sample set in another encoding.</summary>
    public static readonly DiagnosticDescriptor CalibrationEncoding = new("QB3120", Severity.Error,
        "The sample set is not UTF-8: {0}",
        "Prompts in another encoding, such as GBK, Shift-JIS or UTF-16, would be read as other characters, and the model would be "
            + "calibrated with nonsense.",
        "Save the file as UTF-8, or convert it, such as by `iconv -f gbk -t utf-8`.");

    /// <summary>A prompt that is longer than what the model reads.</summary>
    public static readonly DiagnosticDescriptor PromptCut = new("QB3121", Severity.Warning,
        "{0} has {1} tokens, and the model reads {2}: the last {3} are cut off",
        "The text encoder reads so many tokens at the most, the mark at the end included; what is behind has no influence.",
        "Shorten the prompt, or put what matters in front.");

    /// <summary>A sample that this machine cannot make.</summary>
    public static readonly DiagnosticDescriptor SampleTooLarge = new("QB3122", Severity.Error,
        "Sample {0} cannot be made: {1}",
        "The frames, width and height of a sample's line say how much memory its picture and its tensors take; that is compared with "
            + "the machine's before any work.",
        "Make frames, width or height of the line smaller, or work on a machine with more memory.");

    /// <summary>Recorded activations cannot be read.</summary>
    public static readonly DiagnosticDescriptor ActivationsUnreadable = new("QB3111", Severity.Error,
        "The recorded activations '{0}' cannot be read: {1}",
        "calibration.activations names a folder with one safetensors file per sample, in the layout of docs/calibration.md.",
        "Check the path, which is relative to the manifest, and that every file was written completely.");

    /// <summary>A tensor of recorded activations is missing or wrong.</summary>
    public static readonly DiagnosticDescriptor ActivationsTensor = new("QB3112", Severity.Error,
        "'{0}': tensor '{1}' {2}",
        "Every site of both experts needs tokens, BF16 [steps, tokens, channels], and absmax, F32 [steps, channels], all finite, with "
            + "the absmax over " +
        "all tokens and so at least as large as any token that is kept.",
        "Record the sample again; docs/calibration.md has the names and shapes.");

    /// <summary>Recorded activations are of other timesteps than the plan's.</summary>
    public static readonly DiagnosticDescriptor ActivationsTimesteps = new("QB3113", Severity.Error,
        "'{0}': the timesteps of {1} {2}",
        "A recording says in its metadata which timesteps it has, as numbers with commas between; they must be among those of the "
            + "manifest's schedule, in its order.",
        "Set calibration.steps and calibration.shift to the schedule that was recorded, or record with theirs.");

    /// <summary>A bin for which nothing was recorded.</summary>
    public static readonly DiagnosticDescriptor ActivationsBinEmpty = new("QB3114", Severity.Error,
        "No recording has a timestep of bin '{0}' of {1}, which is {2} to {3}",
        "Every bin needs tokens to search its clip ratios with.",
        "Record timesteps of this bin too, or join it with its neighbour.");

    /// <summary>Recordings have few tokens of a bin.</summary>
    public static readonly DiagnosticDescriptor ActivationsBinFew = new("QB3115", Severity.Warning,
        "The recordings have {0} tokens of bin '{1}' of {2} for {3}, fewer than twice its {4} input channels",
        "The clip search compares candidates by their errors on a bin's tokens: with few of them it may fit noise.",
        "Record more tokens per timestep, more timesteps of the bin, or more samples; or join the bin with its neighbour.");
}
