using QuantBuild.Compiler.Diagnostics;

namespace QuantBuild.Tool.Text;

/// <summary>Diagnostics as lines for people and build systems.</summary>
internal static class DiagnosticLines
{
    /// <summary>Writes the line that build systems read and, when asked to say more, what to do about it.</summary>
    public static void Write(TextWriter output, Diagnostic diagnostic, bool verbose)
    {
        output.WriteLine(diagnostic);
        if (verbose)
            output.WriteLine($"  cure: {diagnostic.Descriptor.Cure}");
    }
}
