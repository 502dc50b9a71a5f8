using System.ComponentModel;
using System.Diagnostics;
using QuantBuild.Compiler.Diagnostics;

namespace QuantBuild.Compiler.Provenance;

/// <summary>Runs a program that signs or verifies.</summary>
internal static class ExternalProgram
{
    /// <summary>ENOENT, and ERROR_FILE_NOT_FOUND.</summary>
    private const int NotFound = 2;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>Runs it to its end; null when it succeeds, else what it says.</summary>
    /// <exception cref="DiagnosticException">It cannot be started (QB5044).</exception>
    public static string? Run(string program, params string[] arguments)
    {
        try
        {
            using var process = new Process();
            process.StartInfo = new ProcessStartInfo(program, arguments)
            {
                UseShellExecute = false,
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            };
            process.Start();
            // Asked for a pass phrase, it reads the end of the input and fails instead of waiting.
            process.StandardInput.Close();
            Task<string> output = process.StandardOutput.ReadToEndAsync(), error = process.StandardError.ReadToEndAsync();
            if (!process.WaitForExit(Patience))
            {
                process.Kill(entireProcessTree: true);
                return "it does not come to an end";
            }
            Task.WaitAll(output, error);
            return process.ExitCode == 0 ? null : Reason(error.Result, process.ExitCode);
        }
        catch (Win32Exception failure)
        {
            throw Failed(program, "be started", failure.NativeErrorCode == NotFound ? "it is not installed" : failure.Message, failure);
        }
    }

    /// <summary>The diagnostic of a program that fails (QB5044).</summary>
    public static DiagnosticException Failed(string program, string what, string why, Exception? cause = null) =>
        new(Descriptors.SignerFailed.At(null, program, what, why), cause);

    private static string Reason(string error, int code) =>
        error.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).FirstOrDefault() ?? $"it ends with code {code}";
}
