using Microsoft.Build.Utilities;

namespace QuantBuild.MSBuild;

/// <summary>Errors with a code and a file, whose text is taken as it is.</summary>
internal static class CodedErrors
{
    /// <summary>Logs an error at a file as a whole.</summary>
    public static void LogCodedError(this TaskLoggingHelper log, string code, string? file, string text) =>
        log.LogError(subcategory: null, errorCode: code, helpKeyword: null, file: file, lineNumber: 0, columnNumber: 0,
            endLineNumber: 0, endColumnNumber: 0, message: "{0}", text);
}
