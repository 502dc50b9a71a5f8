namespace QuantBuild.Compiler.Diagnostics;

internal static partial class Descriptors
{
    /// <summary>The report page could not be written; the artifact is finished all the same.</summary>
    public static readonly DiagnosticDescriptor ReportNotWritten = new("QB4040", Severity.Warning,
        "the report '{0}' was not written: {1}",
        "The folder cannot be written, the disk is full, or the store changed during the build. The artifact is complete.",
        "Repair the cause and run quantbuild report, or name another file with --report-file.");

    /// <summary>A report was asked for that nobody has made.</summary>
    public static readonly DiagnosticDescriptor ReportMissing = new("QB4041", Severity.Error,
        "there is no report in or beside '{0}'",
        "The artifact was built without a report, or came from elsewhere without it; an artifact alone does not hold what a report shows.",
        "Run quantbuild report with the manifest on a machine that has built it.");

    /// <summary>A report of a model that was never built here, or whose results are all gone.</summary>
    public static readonly DiagnosticDescriptor NothingToReport = new("QB4042", Severity.Error,
        "nothing of this model is in the store '{0}'",
        "It was never built with this store, or the store was cleaned since.",
        "Run quantbuild build first, or name the store with --store.");
}
