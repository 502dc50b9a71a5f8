using System.ComponentModel;
using System.Diagnostics;

namespace QuantBuild.Compiler.Health;

/// <summary>Programs on the PATH.</summary>
internal static class Programs
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    /// <summary>The file that a program's name leads to; null when there is none.</summary>
    /// <param name="name">The name.</param>
    /// <param name="path">The variable PATH.</param>
    public static string? Find(string name, string? path) => (path ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
        .Select(folder => Path.Combine(folder, OperatingSystem.IsWindows() ? name + ".exe" : name)).FirstOrDefault(File.Exists);

    /// <summary>What a program prints, and whether it succeeded; null when it cannot be started or does not end.</summary>
    public static (bool Succeeded, string Text)? Run(string file, params string[] arguments)
    {
        try
        {
            using Process process = Process.Start(new ProcessStartInfo(file, arguments)
            {
                RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true,
            })!;
            process.StandardInput.Close();
            Task<string> output = process.StandardOutput.ReadToEndAsync(), error = process.StandardError.ReadToEndAsync();
            if (!process.WaitForExit(Patience))
            {
                process.Kill(entireProcessTree: true);
                return null;
            }
            string text = output.GetAwaiter().GetResult().Trim(), words = error.GetAwaiter().GetResult().Trim();
            return (process.ExitCode == 0, text.Length > 0 ? text : words);
        }
        catch (Exception failure) when (failure is Win32Exception or IOException)
        {
            return null;
        }
    }
}
