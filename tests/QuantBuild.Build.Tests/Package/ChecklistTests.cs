using System.Text.RegularExpressions;
using QuantBuild.Build.Tests.Infrastructure;

namespace QuantBuild.Build.Tests.Package;

public sealed partial class ChecklistTests
{
    [Fact]
    public void Every_test_that_the_maintainers_note_names_exists()
    {
        string note = File.ReadAllText(Repository.PathOf("targets", "README.md"));
        HashSet<string> tests =
            [.. typeof(ChecklistTests).Assembly.GetTypes()
                .SelectMany(type => type.GetMethods().Select(method => $"{type.Name}.{method.Name}"))];

        string[] named = [.. TestName().Matches(note).Select(match => match.Groups[1].Value)];

        Assert.NotEmpty(named);
        Assert.All(named, name => Assert.Contains(name, tests));
    }

    [GeneratedRegex(@"`(\w+Tests\.\w+)`")]
    private static partial Regex TestName();
}
