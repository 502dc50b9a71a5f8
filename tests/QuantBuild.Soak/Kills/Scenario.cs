using System.Diagnostics;

namespace QuantBuild.Soak.Kills;

/// <summary>What a killed build begins with, and what the build after it has to leave.</summary>
internal sealed class Scenario
{
    private readonly string _tool;
    private readonly string _start;
    private readonly SortedDictionary<string, string> _expected;

    private Scenario(string tool, string name, string start, SortedDictionary<string, string> expected,
        IReadOnlyDictionary<string, int> calls)
    {
        _tool = tool;
        Name = name;
        _start = start;
        _expected = expected;
        Calls = calls;
    }

    public string Name { get; }

    /// <summary>The most calls of each kind that one thread makes.</summary>
    public IReadOnlyDictionary<string, int> Calls { get; }

    /// <summary>Makes what a build starts with, and builds once undisturbed and once counted.</summary>
    public static Scenario Create(string tool, string folder, int? earlier, int rank)
    {
        var start = new Project(tool, Path.Combine(folder, "start"));
        if (earlier is { } before)
        {
            start.Write(before);
            Build(start);
        }
        start.Write(rank);
        // The same folder as later, as the store remembers builds by the manifest's path.
        string work = Path.Combine(Path.GetDirectoryName(folder)!, "work");
        Copy(start.Folder, work);
        Build(new Project(tool, work));
        SortedDictionary<string, string> expected = new Project(tool, work).Content();
        Directory.Delete(work, recursive: true);
        Copy(start.Folder, work);
        Dictionary<string, int> calls = SystemCalls.Count(new Project(tool, work));
        Directory.Delete(work, recursive: true);
        return new Scenario(tool, Path.GetFileName(folder), start.Folder, expected, calls);
    }

    /// <summary>Kills a build and lets the next one run to its end.</summary>
    /// <returns>Whether the first one was killed.</returns>
    public bool Try(string folder, string call, int number, out string? fault)
    {
        Copy(_start, folder);
        var project = new Project(_tool, folder);
        bool killed = SystemCalls.KillAt(project, call, number);
        try
        {
            Build(project);
            fault = Difference(project.Content());
        }
        catch (InvalidOperationException failure)
        {
            fault = failure.Message;
        }
        return killed;
    }

    private string? Difference(SortedDictionary<string, string> found)
    {
        string[] wrong = [
            .. found.Keys.Except(_expected.Keys).Select(path => "left behind: " + path),
            .. _expected.Keys.Except(found.Keys).Select(path => "missing: " + path),
            .. found.Where(file => _expected.TryGetValue(file.Key, out string? digest) && digest != file.Value)
                .Select(file => "other bytes: " + file.Key),
        ];
        return wrong.Length == 0 ? null : string.Join("; ", wrong);
    }

    private static void Build(Project project)
    {
        using Process process =
            Process.Start(new ProcessStartInfo("dotnet", project.Arguments) { RedirectStandardOutput = true,
                RedirectStandardError = true })!;
        Task<string> error = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        if (process.ExitCode != 0)
            throw new InvalidOperationException($"the build ended with {process.ExitCode}: {output}{error.Result}");
    }

    /// <summary>Copies a folder with all times, as a store knows its files by them.</summary>
    private static void Copy(string from, string to)
    {
        using Process process = Process.Start("cp", ["-a", from, to]);
        process.WaitForExit();
        if (process.ExitCode != 0)
            throw new IOException($"copying {from} to {to} failed");
    }
}
