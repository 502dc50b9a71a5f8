using System.Diagnostics;
using System.Globalization;
using System.Reflection;

namespace QuantBuild.Tests;

/// <summary>
/// Measurements of a whole process, such as of its memory: this test program again, which then does nothing else. Other tests can run
/// beside it.
/// </summary>
internal static class OwnProcess
{
    private const string Variable = "QUANTBUILD_TEST_ALONE";

    /// <summary>
    /// Runs a static method in a process of its own; what it throws there fails here, and what it prints is the test's output.
    /// </summary>
    public static void Run(Action<string[]> measure, params object[] arguments) => Run([], measure, arguments);

    /// <summary>The same with settings of the runtime.</summary>
    /// <param name="environment">Variables of the process.</param>
    /// <param name="measure">What runs there.</param>
    /// <param name="arguments">Its arguments.</param>
    public static void Run((string Name, string Value)[] environment, Action<string[]> measure, params object[] arguments)
    {
        string self = Environment.ProcessPath!;
        var start = new ProcessStartInfo(self) { RedirectStandardOutput = true, RedirectStandardError = true };
        if (Path.GetFileNameWithoutExtension(self) == "dotnet")
            start.ArgumentList.Add(typeof(OwnProcess).Assembly.Location);
        foreach ((string name, string value) in environment)
            start.Environment[name] = value;
        start.Environment[Variable] = string.Join('\n',
            [measure.Method.DeclaringType!.FullName!, measure.Method.Name,
                .. arguments.Select(argument => Convert.ToString(argument, CultureInfo.InvariantCulture)!)]);
        using Process process = Process.Start(start)!;
        Task<string> error = process.StandardError.ReadToEndAsync();
        TestContext.Current.TestOutputHelper!.WriteLine(process.StandardOutput.ReadToEnd());
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, error.Result);
    }

    /// <summary>Whether this process was started to measure, which it then has done.</summary>
    public static bool TakeRole()
    {
        if (Environment.GetEnvironmentVariable(Variable) is not { Length: > 0 } text)
            return false;
        string[] role = text.Split('\n');
        typeof(OwnProcess).Assembly.GetType(role[0], throwOnError: true)!
            .GetMethod(role[1], BindingFlags.Static | BindingFlags.NonPublic | BindingFlags.Public)!
            .CreateDelegate<Action<string[]>>()(role[2..]);
        return true;
    }
}
