namespace QuantBuild.Compiler.Diagnostics;

/// <content>QB32xx: smoothing, low-rank branch, rounding, clip search, measurement.</content>
internal static partial class Descriptors
{
    /// <summary>A weight of the checkpoint is NaN or infinite.</summary>
    public static readonly DiagnosticDescriptor WeightNotFinite = new("QB3201", Severity.Error,
        "{0}: the weight is {1} at {2}",
        "The checkpoint holds a value that is not a number or is infinite in a layer that is to be quantized.",
        "Check the file with `quantbuild inspect` and fetch it again; or keep the layer with an override, \"precision\": \"bf16\".");

    /// <summary>A recorded activation, or its maximum, is NaN or infinite.</summary>
    public static readonly DiagnosticDescriptor ActivationNotFinite = new("QB3202", Severity.Error,
        "{0}: the {3} is {1} at {2}",
        "The full-precision model produced a value that is not a number or is infinite at this layer's input.",
        "Check the calibration sample and the checkpoint; the model itself does not run on this input.");

    /// <summary>A quantity computed from finite inputs is NaN or infinite.</summary>
    public static readonly DiagnosticDescriptor ResultNotFinite = new("QB3203", Severity.Error,
        "{0}: the {3} is {1} at {2}",
        "Weights and activations are finite, but their combination leaves the range of float32 (or bfloat16, for low-rank factors).",
        "Set \"smooth\": { \"enabled\": false } for the layer, or keep it with \"precision\": \"bf16\".");

    /// <summary>The Hessian needed more damping than the manifest says.</summary>
    public static readonly DiagnosticDescriptor HessianDamped = new("QB3204", Severity.Warning,
        "{0}: the Hessian is not positive definite with damp {1}; damp {2} was used (try {3}, {4} added to its diagonal)",
        "Too few calibration tokens for the layer's width, or channels that always move together.",
        "Raise calibration.samples or calibration.tokensPerStep, or weights.damp. The layer is quantized, with weaker error feedback.");

    /// <summary>No damping made the Hessian factorizable; the layer was rounded to nearest.</summary>
    public static readonly DiagnosticDescriptor HessianFellBack = new("QB3205", Severity.Warning,
        "{0}: the Hessian is not positive definite after {1} tries; its weights were rounded to nearest",
        "The calibration activations of the layer are degenerate.",
        "Raise calibration.samples or calibration.tokensPerStep, or set \"weights\": { \"method\": \"rtn\" } for the layer.");

    /// <summary>The low-rank branch may be farther from the best one than the manifest allows.</summary>
    public static readonly DiagnosticDescriptor LowRankInaccurate = new("QB3210", Severity.Warning,
        "{0}: the low-rank branch could not be shown to have accuracy {1}; after {3} passes its residual lies at most {2} above the "
            + "smallest possible",
        "The singular values of the weight fall so slowly that the search did not settle.",
        "Raise lowRank.accuracy, or set \"lowRank\": { \"method\": \"exact\" } for the layer if it is small. The layer is quantized "
            + "with the branch that was found.");

    /// <summary>The machine has not enough memory for a step.</summary>
    public static readonly DiagnosticDescriptor OutOfMemory = new("QB3207", Severity.Error,
        "There is not enough memory for {0}",
        "Something else took memory that was free when the build began, or the limit is above what the process may have.",
        "Lower --memory-limit, use fewer threads, or lower calibration.tokensPerStep; `quantbuild plan` predicts the memory.");

    /// <summary>Some work is larger than the memory limit.</summary>
    public static readonly DiagnosticDescriptor MemoryLimitExceeded = new("QB3208", Severity.Warning,
        "{0} needs about {1}{2}; the memory limit leaves {3}",
        "The weights, the Hessian and the tokens of one layer, or the activations of one sample, must be in memory at once. Work that "
            + "exceeds the limit ran, but alone.",
        "Raise --memory-limit (`QuantMemoryLimit` in a project); `quantbuild plan` predicts the memory. For calibration, use smaller "
            + "latents.");

    /// <summary>Some work is larger than the machine.</summary>
    public static readonly DiagnosticDescriptor MemoryImpossible = new("QB3209", Severity.Error,
        "{0} needs about {1} of memory; this machine, or its container, can give {2}",
        "The weights, the Hessian and the tokens of one layer, or the activations of one sample, must be in memory at once.",
        "Use a machine with more memory, or raise the container's limit. For calibration, use smaller latents.");

    /// <summary>Some work is larger than a memory limit that somebody gave.</summary>
    public static readonly DiagnosticDescriptor MemoryLimitTooSmall = new("QB3211", Severity.Error,
        "{0} needs about {1}{2}; the memory limit leaves {3}: it must be {4} or more",
        "The weights, the Hessian and the tokens of one layer, or the activations of one sample, must be in memory at once. A limit "
            + "that is a size is kept.",
        "Raise --memory-limit (`QuantMemoryLimit` in a project), or give a share such as 70%, under which larger work runs alone. For "
            + "calibration, use smaller latents.");
}
