namespace QuantBuild.Compiler.Diagnostics;

/// <content>QB33xx: quality gates.</content>
public static partial class Descriptors
{
    /// <summary>A layer's relative error is above gates.maxRelativeError.</summary>
    public static readonly DiagnosticDescriptor GateRelativeError = new("QB3301", Severity.Error,
        "{0} {1}: relative error {2} is above the gate of {3}",
        "The layer's output differs from full precision by more than gates.maxRelativeError allows.",
        "Raise its rank, keep it at w4a16 or bf16 by an override, or raise the gate if the error is acceptable.");

    /// <summary>A layer is worse than gates.maxErrorVsRtn allows.</summary>
    public static readonly DiagnosticDescriptor GateErrorVsRtn = new("QB3302", Severity.Error,
        "{0} {1}: its error is {2} times that of plain round-to-nearest, the gate is {3}",
        "For this layer the recipe helps less, against plain rounding, than gates.maxErrorVsRtn asks for.",
        "Look at the layer's errors per method; switch smoothing or the low-rank branch off for it by an override, or raise the gate.");
}
