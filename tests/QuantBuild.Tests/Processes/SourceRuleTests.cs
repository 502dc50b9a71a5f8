using System.Text.RegularExpressions;

namespace QuantBuild.Tests.Processes;

/// <summary>Rules that the sources keep, so that one kind of mistake has one place.</summary>
public sealed partial class SourceRuleTests
{
    [Fact]
    public void Processes_are_started_in_one_place()
    {
        string[] places = [.. Sources("*.cs").Where(file => Starting().IsMatch(file.Text)).Select(file => file.Path)];

        Assert.Equal([Path.Combine("src", "QuantBuild.Compiler", "Processes", "ProgramProcess.cs")], places);
    }

    [Fact]
    public void Patterns_end_where_the_text_ends()
    {
        // '$' also matches before a line feed at the end: a name that ends in one would pass.
        string[] lines = [.. Sources("*.cs").Concat(Sources("*.targets")).Concat(Sources("*.props"))
            .SelectMany(file => file.Text.Split('\n').Where(line => DollarPattern().IsMatch(line))
                .Select(line => $"{file.Path}: {line.Trim()}"))];

        Assert.Empty(lines);
    }

    private static IEnumerable<(string Path, string Text)> Sources(string pattern) => new[] { "src", "targets" }
        .SelectMany(folder => Directory.EnumerateFiles(Path.Combine(TestData.Root, folder), pattern, SearchOption.AllDirectories))
        .Select(path => Path.GetRelativePath(TestData.Root, path))
        .Where(path => !path.Split(Path.DirectorySeparatorChar).Any(part => part is "obj" or "bin"))
        .Select(path => (path, File.ReadAllText(Path.Combine(TestData.Root, path))));

    [GeneratedRegex(@"\bProcessStartInfo\b|\bProcess\.Start\(|new Process\b|\bUseShellExecute\b")]
    private static partial Regex Starting();

    [GeneratedRegex("""Regex.*\$(["'|)]|\\")""")]
    private static partial Regex DollarPattern();
}
