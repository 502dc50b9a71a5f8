namespace QuantBuild.Compiler.Diagnostics;

/// <content>QB322x, QB323x: the choice of arithmetic.</content>
internal static partial class Descriptors
{
    /// <summary>QB3220: a backend that is named and not installed.</summary>
    public static readonly DiagnosticDescriptor ComputeNotInstalled = new("QB3220", Severity.Error,
        "'{0}' asks for the arithmetic '{1}', which is not installed: it is in the package {2}",
        "The manifest's section compute names an arithmetic other than cpu, which is the only one that QuantBuild itself contains. The "
            + "bytes "
            + "of an artifact depend on the arithmetic, so that none is put in the place of another.",
        "Reference the package in the model project, in the version of QuantBuild, and restore it; or name its folder in the environment "
            + "variable QUANTBUILD_EXTENSIONS; or set the key to \"cpu\". `generate` and `compare` compute on the processor "
            + "with --compute cpu.");

    /// <summary>QB3221: a setting of a backend that nothing uses.</summary>
    public static readonly DiagnosticDescriptor ComputeSettingUnused = new("QB3221", Severity.Warning,
        "'compute.{0}' changes nothing: both compute.model and compute.layers are cpu",
        "Device and element type are chosen for the arithmetic torch only; cpu has one of each.",
        "Remove the key, or name the arithmetic that it is for.");

    /// <summary>QB3222: an audit by digests of an arithmetic that has others on every machine.</summary>
    public static readonly DiagnosticDescriptor LockNotComparable = new("QB3222", Severity.Error,
        "this lock file cannot be audited by computing layers again: the arithmetic {0} may give other bytes here",
        "A lock file has digests of results and nothing else of them. An arithmetic whose rounding depends on the machine or the library "
            + "gives results that are as good and have other digests, so that comparing them would say nothing.",
        "Build the manifest on this machine first; verify --recompute then compares with what is in the store, errors within the "
            + "tolerance that each stage states. Or set compute.model and compute.layers to \"cpu\", which is bit exact.");

    /// <summary>QB3223: results that an audit leaves out.</summary>
    public static readonly DiagnosticDescriptor ResultsNotComparable = new("QB3223", Severity.Warning,
        "these actions were not compared: {1}; the arithmetic {0} need not give the same bytes twice",
        "verify --recompute compares bytes only where an arithmetic is bit exact, and errors of layers elsewhere. Results that have no "
            + "such errors, such as recordings and low-rank branches, cannot be compared there.",
        "Nothing has to be done: what follows from these results was compared. For an audit of everything set compute.model and "
            + "compute.layers to \"cpu\".");

    /// <summary>QB3230: the assembly of a backend is there and is none, or one for another version.</summary>
    public static readonly DiagnosticDescriptor ComputeUnusable = new("QB3230", Severity.Error,
        "the arithmetic cannot be loaded from here: {0}",
        "The file has the name of a backend's assembly and is damaged, belongs to another version of QuantBuild, or misses a part.",
        "Install the backend's package in the version of QuantBuild, or set compute.model and compute.layers to \"cpu\".");
}
