using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace QuantBuild.Tests.Architecture;

public sealed partial class SolutionTests
{
    /// <summary>What is hundreds of megabytes, and what nobody who only builds and tests should fetch.</summary>
    private static readonly string[] Large = ["TorchSharp", "libtorch", "Microsoft.Playwright"];

    [Fact]
    public void The_solution_fetches_no_large_package()
    {
        HashSet<string> projects = [];
        foreach (string path in Project().Matches(File.ReadAllText(Path.Combine(TestData.Root, "Compiler.sln"))).Select(match =>
            match.Groups[1].Value))
            Collect(Path.Combine(TestData.Root, path.Replace('\\', '/')), projects);
        Collect(Path.Combine(TestData.Root, "models", "TinyWan", "TinyWan.csproj"), projects);

        Assert.True(projects.Count > 8);
        Assert.Empty(projects.SelectMany(project => Items(project, "PackageReference").Where(IsLarge)
            .Select(package => $"{Path.GetFileName(project)} -> {package}")));
        Assert.Contains(Items(Path.Combine(TestData.Root, "src", "QuantBuild.Torch", "QuantBuild.Torch.csproj"), "PackageReference"),
            IsLarge);
    }

    private static bool IsLarge(string package) => Large.Any(name => package.StartsWith(name, StringComparison.OrdinalIgnoreCase));

    /// <summary>A project and all that it references.</summary>
    private static void Collect(string project, HashSet<string> projects)
    {
        if (!projects.Add(Path.GetFullPath(project)))
            return;
        foreach (string reference in Items(project, "ProjectReference"))
            Collect(Path.Combine(Path.GetDirectoryName(project)!, reference), projects);
    }

    private static IEnumerable<string> Items(string project, string item) => XDocument.Load(project).Descendants(item)
        .Select(element => element.Attribute("Include")?.Value).OfType<string>();

    [GeneratedRegex("\"([^\"]+[.]csproj)\"")]
    private static partial Regex Project();
}
