namespace QuantBuild.Compiler.Diagnostics;

/// <content>QB322x: the choice of arithmetic.</content>
public static partial class Descriptors
{
    /// <summary>QB3220: a backend that is named and not installed.</summary>
    public static readonly DiagnosticDescriptor ComputeNotInstalled = new("QB3220", Severity.Error,
        "'{0}' asks for the arithmetic '{1}', which is not installed: it is in the package {2}",
        "The manifest's section compute names an arithmetic other than cpu, which is the only one that QuantBuild itself contains. The bytes "
            + "of an artifact depend on the arithmetic, so that none is put in the place of another.",
        "Install the package in the version of QuantBuild, or set the key to \"cpu\".");

    /// <summary>QB3221: a setting of a backend that nothing uses.</summary>
    public static readonly DiagnosticDescriptor ComputeSettingUnused = new("QB3221", Severity.Warning,
        "'compute.{0}' changes nothing: both compute.model and compute.layers are cpu",
        "Device and element type are chosen for the arithmetic torch only; cpu has one of each.",
        "Remove the key, or name the arithmetic that it is for.");
}
