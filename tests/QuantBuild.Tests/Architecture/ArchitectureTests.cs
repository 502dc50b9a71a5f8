namespace QuantBuild.Tests.Architecture;

public sealed class ArchitectureTests
{
    private const int MostAtRoot = 5;

    public static TheoryData<string> Libraries =>
        ["QuantBuild", "QuantBuild.Torch", "QuantBuild.Compiler", "QuantBuild.Compiler.Torch", "QuantBuild.Remotes", "QuantBuild.Tool"];

    [Theory]
    [MemberData(nameof(Libraries))]
    public void Every_folder_is_on_the_page_and_uses_only_folders_above_it(string library)
    {
        string[] order = OrderOf(library);
        var graph = FolderGraph.Of(library);

        Assert.Equal(graph.Folders.Order(StringComparer.Ordinal), order.Order(StringComparer.Ordinal));
        Assert.Empty(graph.Arrows.Where(arrow => Array.IndexOf(order, arrow.To) > Array.IndexOf(order, arrow.From))
            .Select(arrow => $"{arrow.From} -> {arrow.To}: {arrow.Why}"));
    }

    [Theory]
    [MemberData(nameof(Libraries))]
    public void The_graph_sees_what_is_there(string library)
    {
        var graph = FolderGraph.Of(library);

        Assert.True(graph.Arrows.Count > graph.Folders.Count, $"{graph.Arrows.Count} arrows between {graph.Folders.Count} folders");
    }

    [Theory]
    [MemberData(nameof(Libraries))]
    public void Namespaces_are_folders(string library) => Assert.Empty(FolderGraph.Of(library).Misplaced());

    [Theory]
    [MemberData(nameof(Libraries))]
    public void Few_files_lie_at_the_root(string library) => Assert.InRange(FolderGraph.Of(library).AtRoot.Count, 0, MostAtRoot);

    [Fact]
    public void The_files_that_the_walks_name_are_there()
    {
        string[] walks = [.. File.ReadLines(Path.Combine(TestData.Root, "docs", "architecture.md"))
            .Where(line => line.Length > 2 && (char.IsAsciiDigit(line[0]) || line.Contains(".cs`", StringComparison.Ordinal))
                && !line.Contains('<', StringComparison.Ordinal))];

        string[] sources = [.. Directory.EnumerateFiles(Path.Combine(TestData.Root, "src"), "*.cs", SearchOption.AllDirectories)
            .Select(path => path.Replace('\\', '/'))];
        Assert.True(walks.Length > 10);
        Assert.All(walks.SelectMany(line => line.Split('`').Where((_, i) => i % 2 == 1)
            .Where(name => name.EndsWith(".cs", StringComparison.Ordinal))),
            name => Assert.Contains(sources, path =>
                path.EndsWith("/" + name.Replace("Compiler/", "QuantBuild.Compiler/", StringComparison.Ordinal),
                    StringComparison.Ordinal)));
    }

    /// <summary>The folders of a library in the order of its table in docs/architecture.md.</summary>
    private static string[] OrderOf(string library) => [.. File.ReadLines(Path.Combine(TestData.Root, "docs", "architecture.md"))
        .SkipWhile(line => line != $"## src/{library}" && !line.StartsWith($"## src/{library},", StringComparison.Ordinal)).Skip(1)
        .TakeWhile(line => !line.StartsWith("## ", StringComparison.Ordinal))
        .Where(line => line.StartsWith("| ", StringComparison.Ordinal) && line != "| folder | what is in it |")
        .Select(line => line.Split('|')[1].Trim())];
}
