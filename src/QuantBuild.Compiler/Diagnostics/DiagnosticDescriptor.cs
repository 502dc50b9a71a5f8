namespace QuantBuild.Compiler.Diagnostics;

/// <summary>A kind of diagnostic: one row of the table of codes.</summary>
/// <param name="Code">QB followed by four digits; the first names the bucket (design: QB0 configuration … QB9 internal).</param>
/// <param name="Severity">Error or warning.</param>
/// <param name="Format">Message with numbered holes, in the invariant culture.</param>
/// <param name="Cause">When it happens.</param>
/// <param name="Cure">What to do about it.</param>
internal sealed record DiagnosticDescriptor(string Code, Severity Severity, string Format, string Cause, string Cure)
{
    /// <summary>A diagnostic of this kind.</summary>
    public Diagnostic At(SourceSpan? span, params object?[] arguments) => new(this, span, arguments);
}
