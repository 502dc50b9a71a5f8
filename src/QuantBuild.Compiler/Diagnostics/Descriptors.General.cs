namespace QuantBuild.Compiler.Diagnostics;

/// <content>QB0: configuration of the program, and QB9: internal.</content>
public static partial class Descriptors
{
    /// <summary>QB0001: an option of the command line, or a property that becomes one, has an impossible value.</summary>
    public static readonly DiagnosticDescriptor InvalidOption = new("QB0001", Severity.Error,
        "Option '{0}' is '{1}': {2}",
        "An option of the command line, or the build property behind it, has a value that cannot be used.",
        "Correct the value; `quantbuild --help` lists the options and their ranges.");

    /// <summary>QB0002: the output folder cannot be written.</summary>
    public static readonly DiagnosticDescriptor OutputUnusable = new("QB0002", Severity.Error,
        "The output folder '{0}' cannot be written: {1}",
        "The folder is a file, lies on a full or read-only disk, or belongs to another user.",
        "Name another folder, free space, or change the rights.");

    /// <summary>QB9001: a bug.</summary>
    public static readonly DiagnosticDescriptor InternalError = new("QB9001", Severity.Error,
        "Internal error: {0}",
        "A bug in QuantBuild: a state that the program holds to be impossible.",
        "Run again with `--verbose` and report the stack trace together with the manifest.");

    /// <summary>A layer name that the plan does not have.</summary>
    public static readonly DiagnosticDescriptor UnknownLayer = new("QB0201", Severity.Error,
        "The plan has no layer '{0}'",
        "The name is not one of the quantizable layers of either expert.",
        "Use a full name such as blocks.3.ffn.2; `quantbuild plan` lists them.");
}
