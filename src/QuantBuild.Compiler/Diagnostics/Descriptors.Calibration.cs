namespace QuantBuild.Compiler.Diagnostics;

/// <content>QB31xx: calibration and evaluation sets.</content>
public static partial class Descriptors
{
    /// <summary>The jsonl file or its tensors cannot be read.</summary>
    public static readonly DiagnosticDescriptor CalibrationUnreadable = new("QB3101", Severity.Error,
        "The sample set '{0}' cannot be read: {1}",
        "The file named by calibration.data (or the evaluation set) is missing, not readable, or its safetensors file is.",
        "Check the path, which is relative to the manifest. The tensors are expected beside it under the same name with .safetensors.");

    /// <summary>A line of the jsonl file is not a sample.</summary>
    public static readonly DiagnosticDescriptor CalibrationLine = new("QB3102", Severity.Error,
        "This line is not a sample: {0}",
        "Every line must be a JSON object with an integer \"id\" that no other line has, and a string \"prompt\". Samples that are made of pictures also need " +
        "a string \"image\" and an integer \"seed\", and may have integers \"frames\", \"width\" and \"height\".",
        "Correct the line.");

    /// <summary>There is nothing to calibrate with.</summary>
    public static readonly DiagnosticDescriptor CalibrationEmpty = new("QB3103", Severity.Error,
        "The sample set '{0}' has {1} samples, {2} are needed",
        "calibration.samples asks for more samples than the set has, or the set is empty.",
        "Add samples, or lower calibration.samples.");

    /// <summary>A sample's tensor is missing or has the wrong size or type.</summary>
    public static readonly DiagnosticDescriptor CalibrationTensor = new("QB3104", Severity.Error,
        "Sample {0}: tensor '{1}' {2}",
        "A sample needs noise [channels,frames,height,width], y [4+channels,frames,height,width] and context [tokens,text_dim] as F32, F16 or BF16, " +
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
        "The first frame of a sample is missing, is neither a PNG nor a JPEG file, is damaged, or does not go with the size and the frames of its line.",
        "Correct the line or the file; frames are one more than a multiple of four, and paths are relative to the sample set.");

    /// <summary>A first frame of one colour.</summary>
    public static readonly DiagnosticDescriptor CalibrationImageConstant = new("QB3110", Severity.Warning,
        "The first frame '{0}' is one colour everywhere",
        "A model sees activations of such a picture that real ones do not have; scales and clipping chosen with it fit badly.",
        "Use a real first frame.");
}
