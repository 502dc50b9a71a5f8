namespace QuantBuild.Compiler.Diagnostics;

/// <summary>Finds rows of the table of diagnostics by what people type.</summary>
internal static class DiagnosticCodes
{
    private const string Prefix = "QB";
    private const int MostSuggestions = 5;

    /// <summary>QB and two digits.</summary>
    private const int ShortestBeginning = 4;

    /// <summary>The row of a code, whichever case it is in and with or without QB; null when there is none.</summary>
    public static DiagnosticDescriptor? Find(string code)
    {
        string full = Full(code);
        return Descriptors.All.FirstOrDefault(descriptor => descriptor.Code == full);
    }

    /// <summary>Codes that were probably meant: those one slip away, and those that begin so; none when no code is near.</summary>
    public static IReadOnlyList<string> Near(string code)
    {
        string full = Full(code);
        return [.. Descriptors.All.Select(descriptor => descriptor.Code)
            .Where(known => Suggestion.Distance(full, known) == 1
                || (full.Length >= ShortestBeginning && known.StartsWith(full, StringComparison.Ordinal))).Take(MostSuggestions)];
    }

    /// <summary>The word for a row's severity.</summary>
    public static string SeverityOf(DiagnosticDescriptor descriptor) => descriptor.Severity == Severity.Error ? "error" : "warning";

    private static string Full(string code)
    {
        string text = code.Trim().TrimEnd(':').ToUpperInvariant();
        return text.StartsWith(Prefix, StringComparison.Ordinal) ? text : Prefix + text;
    }
}
