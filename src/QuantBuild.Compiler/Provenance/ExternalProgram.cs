using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Processes;

namespace QuantBuild.Compiler.Provenance;

/// <summary>Runs a program that signs or verifies.</summary>
internal static class ExternalProgram
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>Runs it to its end; null when it succeeds, else what it says.</summary>
    /// <exception cref="DiagnosticException">It cannot be started (QB5044).</exception>
    public static string? Run(string program, params string[] arguments)
    {
        try
        {
            return ProgramProcess.Run(program, Patience, arguments) switch
            {
                null => "it does not come to an end",
                { ExitCode: 0 } => null,
                { } result => Reason(result.Error, result.ExitCode),
            };
        }
        catch (IOException failure)
        {
            throw Failed(program, "be started", failure.Message, failure);
        }
    }

    /// <summary>The diagnostic of a program that fails (QB5044).</summary>
    public static DiagnosticException Failed(string program, string what, string why, Exception? cause = null) =>
        new(Descriptors.SignerFailed.At(null, program, what, why), cause);

    private static string Reason(string error, int code) =>
        error.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).FirstOrDefault()
        ?? $"it ends with code {code}";
}
