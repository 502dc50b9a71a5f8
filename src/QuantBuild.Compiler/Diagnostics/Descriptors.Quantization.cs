namespace QuantBuild.Compiler.Diagnostics;

/// <content>QB32xx: smoothing, low-rank branch, rounding, clip search, measurement.</content>
public static partial class Descriptors
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
        "{0}: the Hessian is not positive definite with damp {1}; damping {2} (try {3}) was added to its diagonal",
        "Too few calibration tokens for the layer's width, or channels that always move together.",
        "Raise calibration.samples or calibration.tokensPerStep, or weights.damp. The layer is quantized, with weaker error feedback.");

    /// <summary>No damping made the Hessian factorizable; the layer was rounded to nearest.</summary>
    public static readonly DiagnosticDescriptor HessianFellBack = new("QB3205", Severity.Warning,
        "{0}: the Hessian is not positive definite after {1} tries; its weights were rounded to nearest",
        "The calibration activations of the layer are degenerate.",
        "Raise calibration.samples or calibration.tokensPerStep, or set \"weights\": { \"method\": \"rtn\" } for the layer.");

    /// <summary>Recorded activations and a layer's weight do not fit each other.</summary>
    public static readonly DiagnosticDescriptor ActivationShape = new("QB3206", Severity.Error,
        "{0}: the recorded activations have {1} channels, the weight has {2}",
        "The activations were recorded with another model configuration.",
        "Check config.json of the expert against its tensors.");

    /// <summary>There is not one token to calibrate a layer with.</summary>
    public static readonly DiagnosticDescriptor ActivationsEmpty = new("QB3207", Severity.Error,
        "{0}: no calibration token reached the layer",
        "calibration.steps leaves no step to the expert, or calibration.tokensPerStep is 0.",
        "Raise calibration.steps or calibration.tokensPerStep.");
}
