namespace QuantBuild.Compiler.Diagnostics;

/// <content>QB33xx: quality gates and suggestions; QB331x are the warnings of QB330x.</content>
internal static partial class Descriptors
{
    private const string GateAsWarning = "A gate with \"severity\": \"warning\" is exceeded; ";
    private const string LayerCure =
        "Raise its rank, keep it at w4a16 or bf16 by an override (`quantbuild suggest` proposes some), or move the gate if the error is "
            + "acceptable.";
    private const string VsRtnCure =
        "Look at the layer's errors per method; switch smoothing or the low-rank branch off for it by an override, or raise the gate.";
    private const string LatentCure = "Spend more bytes where the layers' errors are largest (`quantbuild suggest`), or raise the gate.";

    /// <summary>A layer's relative error is above maxRelativeError.</summary>
    public static readonly DiagnosticDescriptor GateRelativeError = new("QB3301", Severity.Error,
        "{0}: relative error {1} is above the gate of {2}{3}",
        "The layer's output differs from full precision by more than maxRelativeError allows.", LayerCure);

    /// <summary>A layer is worse than maxErrorVsRtn allows.</summary>
    public static readonly DiagnosticDescriptor GateErrorVsRtn = new("QB3302", Severity.Error,
        "{0}: its error is {1} times that of plain round-to-nearest, the gate is {2}{3}",
        "For this layer the recipe helps less, against plain rounding, than maxErrorVsRtn asks for.", VsRtnCure);

    /// <summary>A layer's cosine is below minCosine.</summary>
    public static readonly DiagnosticDescriptor GateCosine = new("QB3303", Severity.Error,
        "{0}: cosine similarity {1} is below the gate of {2}{3}",
        "The layer's output points further away from full precision than minCosine allows.", LayerCure);

    /// <summary>The final latent is further off than maxFinalLatentError allows.</summary>
    public static readonly DiagnosticDescriptor GateFinalLatent = new("QB3304", Severity.Error,
        "{0}: final latents of the evaluation differ from full precision by {1}, the gate is {2}{3}",
        "`quantbuild eval` found a larger error of the final latents than maxFinalLatentError allows.", LatentCure);

    /// <summary><see cref="GateRelativeError"/> as a warning.</summary>
    public static readonly DiagnosticDescriptor GateRelativeErrorWarning = new("QB3311", Severity.Warning, GateRelativeError.Format,
        GateAsWarning + "see QB3301.", LayerCure);

    /// <summary><see cref="GateErrorVsRtn"/> as a warning.</summary>
    public static readonly DiagnosticDescriptor GateErrorVsRtnWarning = new("QB3312", Severity.Warning, GateErrorVsRtn.Format,
        GateAsWarning + "see QB3302.", VsRtnCure);

    /// <summary><see cref="GateCosine"/> as a warning.</summary>
    public static readonly DiagnosticDescriptor GateCosineWarning = new("QB3313", Severity.Warning, GateCosine.Format,
        GateAsWarning + "see QB3303.", LayerCure);

    /// <summary><see cref="GateFinalLatent"/> as a warning.</summary>
    public static readonly DiagnosticDescriptor GateFinalLatentWarning = new("QB3314", Severity.Warning, GateFinalLatent.Format,
        GateAsWarning + "see QB3304.", LatentCure);

    /// <summary>Gates or suggestions were asked for before anything was measured.</summary>
    public static readonly DiagnosticDescriptor NotMeasured = new("QB3320", Severity.Error,
        "What this manifest describes was not built yet, so that there are no measured errors: {0} of its actions are not in the store {1}",
        "The command only looks at what a build measured, and the store lacks some of it: the manifest changed since the last build, or "
            + "that build used another store.",
        "Run `quantbuild build` first, with the same --store. A build that fails on its gates has measured everything.");

    /// <summary>No mixture of what was measured is what was asked for.</summary>
    public static readonly DiagnosticDescriptor SuggestionImpossible = new("QB3330", Severity.Error,
        "No choice among the measured treatments {0}; {1}",
        "`quantbuild suggest` was asked for a size or an error that none of the ranks and precisions it tried can give.",
        "Ask for less, try other ranks (--ranks; lower ones make room), allow more 16-bit work (--max-16bit), or remove overrides that "
            + "pin layers.");
}
