namespace QuantBuild.Compiler.Diagnostics;

/// <content>QB0: configuration of the program, and QB9: internal.</content>
public static partial class Descriptors
{
    /// <summary>QB0001: the build step is not complete. The MSBuild task reports it, which cannot use this table: it is loaded without the compiler.</summary>
    public static readonly DiagnosticDescriptor WorkerMissing = new("QB0001", Severity.Error,
        "The file '{0}', which the build needs to quantize, does not exist",
        "`QuantToolPath` leads nowhere, or the package was not restored completely.",
        "Restore the packages again; leave `QuantToolPath` alone unless you build QuantBuild yourself.");

    /// <summary>QB9001: a bug.</summary>
    public static readonly DiagnosticDescriptor InternalError = new("QB9001", Severity.Error,
        "Internal error: {0}",
        "A bug in QuantBuild: a state that the program holds to be impossible.",
        "Report the stack trace, which is on standard error, together with the manifest.");

    /// <summary>A layer name that the plan does not have.</summary>
    public static readonly DiagnosticDescriptor UnknownLayer = new("QB0201", Severity.Error,
        "The plan has no layer '{0}'",
        "The name is not one of the quantizable layers of either expert.",
        "Use a full name such as blocks.3.ffn.2; `quantbuild plan` lists them.");
}
