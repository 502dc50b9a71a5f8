using System.Globalization;

namespace QuantBuild.Compiler.Diagnostics;

/// <summary>Something wrong with the user's input or machine, with its place.</summary>
/// <param name="Descriptor">Its kind.</param>
/// <param name="Span">Where it is; null when it has no place in a file.</param>
/// <param name="Arguments">Values for the holes of the message.</param>
internal sealed record Diagnostic(DiagnosticDescriptor Descriptor, SourceSpan? Span, IReadOnlyList<object?> Arguments)
{
    /// <summary>The message without place and code, on one line, and printable whatever names are in it.</summary>
    public string Message => PrintableText.Part(string.Format(CultureInfo.InvariantCulture, Descriptor.Format, [.. Arguments])
        .ReplaceLineEndings(" "));

    /// <summary>The canonical form that MSBuild, IDEs and CI systems parse: <c>file(line,column): error QB1003: text</c>.</summary>
    public override string ToString()
    {
        string origin = Span switch
        {
            null => "quantbuild",
            { Line: 0 } span => span.File,
            { } span => string.Create(CultureInfo.InvariantCulture, $"{span.File}({span.Line},{span.Column})"),
        };
        string severity = Descriptor.Severity == Severity.Error ? "error" : "warning";
        return PrintableText.Line($"{origin}: {severity} {Descriptor.Code}: {Message}");
    }
}
