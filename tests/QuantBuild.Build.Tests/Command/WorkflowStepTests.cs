using System.Text.RegularExpressions;
using QuantBuild.Build.Tests.Infrastructure;

namespace QuantBuild.Build.Tests.Command;

/// <summary>The steps of the ready workflows that are no shell: they run elsewhere, but what they are given is checked.</summary>
public sealed partial class WorkflowStepTests
{
    /// <summary>
    /// Inputs as their authors document them (action.yml of each action; the task reference of Azure Pipelines), as far as they are used
    /// here.
    /// </summary>
    private static readonly Dictionary<string, string[]> Documented = new()
    {
        ["actions/checkout@v4"] = [],
        ["actions/setup-dotnet@v4"] = ["dotnet-version"],
        ["actions/cache/restore@v4"] = ["key", "path", "restore-keys"],
        ["actions/cache/save@v4"] = ["key", "path"],
        ["actions/upload-artifact@v4"] = ["if-no-files-found", "name", "path"],
        ["actions/download-artifact@v4"] = ["name", "path"],
        ["UseDotNet@2"] = ["version"],
        ["Cache@2"] = ["key", "path", "restoreKeys"],
    };

    private static string Workflow(string name) => File.ReadAllText(Repository.PathOf("docs", "ci", name)).ReplaceLineEndings("\n");

    [Theory]
    [InlineData("github-actions.yml", 8)]
    [InlineData("azure-pipelines.yml", 2)]
    public void Every_step_exists_and_has_only_inputs_that_it_knows(string workflow, int steps)
    {
        (string Name, string[] Inputs)[] found = [.. Steps(Workflow(workflow).Split('\n'))];

        Assert.Equal(steps, found.Length);
        Assert.Contains(found, step => step.Inputs.Length > 1);
        Assert.All(found, step => Assert.Subset(Documented[step.Name].ToHashSet(), step.Inputs.ToHashSet()));
    }

    /// <summary>What is used, and the keys below its <c>with:</c> or <c>inputs:</c>.</summary>
    private static IEnumerable<(string Name, string[] Inputs)> Steps(string[] lines)
    {
        for (int i = 0; i < lines.Length; i++)
        {
            if (Used().Match(lines[i]) is not { Success: true } used)
                continue;
            string[] step =
                [.. lines.Skip(i + 1).TakeWhile(line => !line.TrimStart().StartsWith("- ", StringComparison.Ordinal) && line.Length > 0)];
            yield return (used.Groups[1].Value,
                [.. step.SkipWhile(line => line.Trim() is not ("with:" or "inputs:")).Skip(1).Select(line => line.Trim().Split(':')[0])]);
        }
    }

    [Fact]
    public void The_caches_are_keyed_by_the_content_of_the_lock_file()
    {
        string[] github = [.. Key().Matches(Workflow("github-actions.yml")).Select(key => key.Groups[1].Value)];
        string azure = Key().Match(Workflow("azure-pipelines.yml")).Groups[1].Value;

        Assert.Equal(["quantbuild-${{ hashFiles('**/*.quant.lock.json') }}", "quantbuild-${{ hashFiles('**/*.quant.lock.json') }}"],
            github);
        // A segment in quotes would be a text, the same for every lock.
        Assert.Equal("'\"quantbuild\" | **/*.quant.lock.json'", azure);
    }

    [GeneratedRegex(@"^ *(?:- )?(?:uses|task): (\S+)$")]
    private static partial Regex Used();

    [GeneratedRegex(@"^ +key: (.+)$", RegexOptions.Multiline)]
    private static partial Regex Key();
}
