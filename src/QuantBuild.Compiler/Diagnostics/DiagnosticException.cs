namespace QuantBuild.Compiler.Diagnostics;

/// <summary>An expected failure: it ends the work at hand and is shown to the user as its diagnostics, never as a stack trace.</summary>
internal sealed class DiagnosticException(IReadOnlyList<Diagnostic> diagnostics, Exception? cause = null)
    : Exception(string.Join(Environment.NewLine, diagnostics), cause)
{
    /// <summary>A failure with one diagnostic.</summary>
    public DiagnosticException(Diagnostic diagnostic, Exception? cause = null) : this([diagnostic], cause)
    {
    }

    /// <summary>What went wrong; at least one error.</summary>
    public IReadOnlyList<Diagnostic> Diagnostics { get; } = diagnostics;
}
