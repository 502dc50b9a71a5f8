namespace QuantBuild.Compiler.Diagnostics;

/// <summary>How bad a diagnostic is.</summary>
internal enum Severity
{
    /// <summary>Worth knowing; the build goes on.</summary>
    Warning,

    /// <summary>The build fails.</summary>
    Error,
}
