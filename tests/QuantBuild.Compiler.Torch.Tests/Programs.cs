using System.Diagnostics;

namespace QuantBuild.Compiler.Torch.Tests;

/// <summary>Programs that tests run in processes of their own.</summary>
internal static class Programs
{
    /// <summary>Variables of a test run that must not reach builds under test.</summary>
    private static readonly string[] Foreign = ["MSBUILD", "QUANTBUILD_", "CI"];

    /// <summary>A program with its outputs caught, without what the test run has set.</summary>
    public static ProcessStartInfo Start(string folder, IEnumerable<KeyValuePair<string, string>> variables, string program,
        params IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = folder,
        };
        foreach (string name in start.Environment.Keys.Where(IsForeign).ToArray())
            start.Environment.Remove(name);
        start.Environment["MSBUILDDISABLENODEREUSE"] = "1";
        foreach ((string name, string value) in variables)
            start.Environment[name] = value;
        return start;
    }

    /// <summary>Waits for a program, and says what it said.</summary>
    /// <param name="process">The program.</param>
    /// <param name="meanwhile">What is done while it runs; null for nothing.</param>
    public static async Task<(int Status, string Said)> EndAsync(Process process, Func<Task>? meanwhile = null)
    {
        CancellationToken ct = TestContext.Current.CancellationToken;
        Task<string> output = process.StandardOutput.ReadToEndAsync(ct), error = process.StandardError.ReadToEndAsync(ct);
        await (meanwhile?.Invoke() ?? Task.CompletedTask);
        await process.WaitForExitAsync(ct);
        string said = await output + await error;
        TestContext.Current.TestOutputHelper?.WriteLine(said);
        return (process.ExitCode, said);
    }

    private static bool IsForeign(string name) =>
        Foreign.Any(foreign => name.StartsWith(foreign, StringComparison.OrdinalIgnoreCase));
}
