using System.Text.RegularExpressions;

namespace QuantBuild.Tests.Architecture;

/// <summary>
/// A library's folders and the arrows between them, drawn from its sources: a file points to a folder when it uses its namespace or names a
/// type of it.
/// </summary>
internal sealed partial class FolderGraph
{
    /// <summary>What the root is called among the folders.</summary>
    public const string Root = "(root)";

    private readonly string _library;
    private readonly Dictionary<string, string[]> _files;

    private FolderGraph(string library, Dictionary<string, string[]> files, IReadOnlyList<(string From, string To, string Why)> arrows)
    {
        _library = library;
        _files = files;
        Arrows = arrows;
    }

    /// <summary>The folders that have sources.</summary>
    public IReadOnlyCollection<string> Folders => _files.Keys;

    /// <summary>Arrows between folders, each with one of its reasons.</summary>
    public IReadOnlyList<(string From, string To, string Why)> Arrows { get; }

    /// <summary>Sources at the root.</summary>
    public IReadOnlyList<string> AtRoot => _files.GetValueOrDefault(Root, []);

    /// <summary>Draws a library.</summary>
    /// <param name="library">Its name, and the name of its folder in <c>src</c>.</param>
    public static FolderGraph Of(string library)
    {
        string root = Path.Combine(TestData.Root, "src", library);
        Dictionary<string, string[]> files = Directory.EnumerateFiles(root, "*.cs", SearchOption.AllDirectories)
            .Where(file => !Path.GetRelativePath(root, file).Replace('\\', '/').Split('/').Intersect(["bin", "obj"]).Any())
            .GroupBy(file => FolderOf(root, file), StringComparer.Ordinal)
            .ToDictionary(group => group.Key, group => group.Order(StringComparer.Ordinal).ToArray(), StringComparer.Ordinal);
        Dictionary<string, string[]> types = files.ToDictionary(folder => folder.Key,
            folder => folder.Value.SelectMany(file => TypeDeclaration().Matches(File.ReadAllText(file))
                .Select(match => match.Groups[1].Value)).Distinct().ToArray(), StringComparer.Ordinal);
        var arrows = new List<(string, string, string)>();
        foreach ((string folder, string[] sources) in files)
        {
            string space = NamespaceOf(library, folder);
            foreach (string source in sources)
            {
                string code = Code(File.ReadAllText(source));
                HashSet<string> used = [.. Using().Matches(code).Select(match => match.Groups[1].Value)];
                HashSet<string> names = [.. Name().Matches(code).Select(match => match.Value)];
                HashSet<(string, string)> pairs =
                    [.. Qualified().Matches(code).Select(match => (match.Groups[1].Value, match.Groups[2].Value))];
                foreach (string other in files.Keys.Where(other => other != folder))
                {
                    string otherSpace = NamespaceOf(library, other), last = otherSpace[(otherSpace.LastIndexOf('.') + 1)..];
                    // A namespace around one's own needs no using, and a name can be qualified.
                    bool around = space.StartsWith(otherSpace + ".", StringComparison.Ordinal);
                    if (used.Contains(otherSpace))
                        arrows.Add((folder, other, $"{Path.GetFileName(source)} uses it"));
                    else if (types[other].FirstOrDefault(type => (around && names.Contains(type))
                        || pairs.Contains((last, type))) is { } found)
                        arrows.Add((folder, other, $"{Path.GetFileName(source)} names {found}"));
                }
            }
        }
        return new FolderGraph(library, files, [.. arrows.DistinctBy(arrow => (arrow.Item1, arrow.Item2))]);
    }

    /// <summary>Files whose namespace is not that of their folder.</summary>
    public IEnumerable<string> Misplaced() => _files.SelectMany(folder => folder.Value
        .Where(file => Namespace().Match(File.ReadAllText(file)) is { Success: true } match
            && match.Groups[1].Value != NamespaceOf(_library, folder.Key))
        .Select(file => Path.GetRelativePath(TestData.Root, file)));

    private static string FolderOf(string root, string file) =>
        Path.GetDirectoryName(Path.GetRelativePath(root, file))!.Replace('\\', '/') is { Length: > 0 } folder ? folder : Root;

    private static string NamespaceOf(string library, string folder) => folder == Root ? library : $"{library}.{folder.Replace('/', '.')}";

    /// <summary>A source without its comments and the text of its strings.</summary>
    private static string Code(string source) => CommentOrText().Replace(source, match => match.Value[0] == '/' ? "" : "\"\"");

    [GeneratedRegex(@"^(?:public|internal|file)\s+(?:(?:static|sealed|abstract|partial|readonly|unsafe|ref)\s+)*(?:class|record\s+struct|record|struct|interface|enum|delegate\s+[\w<>\[\]?,. ]+?)\s+(\w+)", RegexOptions.Multiline)]
    private static partial Regex TypeDeclaration();

    [GeneratedRegex(@"^using\s+(?:static\s+)?([\w.]+);", RegexOptions.Multiline)]
    private static partial Regex Using();

    [GeneratedRegex(@"(?<![\w.])[A-Z]\w*")]
    private static partial Regex Name();

    [GeneratedRegex(@"\b([A-Z]\w*)\.([A-Z]\w*)")]
    private static partial Regex Qualified();

    [GeneratedRegex(@"^namespace\s+([\w.]+);", RegexOptions.Multiline)]
    private static partial Regex Namespace();

    [GeneratedRegex("""//[^\n]*|"(?:\\.|[^"\\\n])*"|/\*.*?\*/""", RegexOptions.Singleline)]
    private static partial Regex CommentOrText();
}
