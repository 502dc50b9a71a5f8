using System.ComponentModel;
using System.Diagnostics;

namespace QuantBuild.Compiler.Processes;

/// <summary>The one place that starts processes.</summary>
internal static class ProgramProcess
{
    /// <summary>Starts a program; all its streams are pipes.</summary>
    /// <param name="program">A name, to be found on the PATH, or an absolute path.</param>
    /// <param name="arguments">Its arguments; nothing interprets them.</param>
    /// <exception cref="FileNotFoundException">There is no such program.</exception>
    /// <exception cref="IOException">It cannot be started.</exception>
    public static Process Start(string program, params IEnumerable<string> arguments)
    {
        string? file = Path.IsPathFullyQualified(program) ? (ProgramPath.IsProgram(program) ? program : null) : ProgramPath.Find(program);
        if (file is null)
            throw new FileNotFoundException($"there is no program '{program}' on the PATH");
        var start = new ProcessStartInfo(file, arguments)
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        try
        {
            return Process.Start(start)!;
        }
        catch (Win32Exception failure)
        {
            throw new IOException($"{file} cannot be started: {failure.Message}", failure);
        }
    }

    /// <summary>
    /// Runs a program without input to its end; one that asks for a pass phrase reads the end of the input and fails instead of waiting.
    /// </summary>
    /// <param name="program">A name, to be found on the PATH, or an absolute path.</param>
    /// <param name="patience">How long it may take; then it is ended.</param>
    /// <param name="arguments">Its arguments.</param>
    /// <returns>How it ended; null when it took too long.</returns>
    /// <exception cref="FileNotFoundException">There is no such program.</exception>
    /// <exception cref="IOException">It cannot be started.</exception>
    public static ProgramResult? Run(string program, TimeSpan patience, params IEnumerable<string> arguments)
    {
        using Process process = Start(program, arguments);
        process.StandardInput.Close();
        Task<string> output = process.StandardOutput.ReadToEndAsync(), error = process.StandardError.ReadToEndAsync();
        if (!process.WaitForExit(patience))
        {
            process.Kill(entireProcessTree: true);
            return null;
        }
        return new ProgramResult(process.ExitCode, output.GetAwaiter().GetResult(), error.GetAwaiter().GetResult());
    }
}

/// <summary>How a program ended.</summary>
/// <param name="ExitCode">Its exit code.</param>
/// <param name="Out">What it wrote to standard output.</param>
/// <param name="Error">What it wrote to standard error.</param>
internal sealed record ProgramResult(int ExitCode, string Out, string Error);
