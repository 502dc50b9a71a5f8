using System.Text.RegularExpressions;

namespace QuantBuild.Tests.Architecture;

/// <summary>
/// JSON is read by records that read themselves, through the checked accessors of <c>Json/JsonNodeFields.cs</c>: an index returns null
/// or throws something else for every oddity, at a place that no message names.
/// </summary>
public sealed partial class JsonReadingTests
{
    /// <summary>The accessors themselves, and JSON with places, which has types of its own.</summary>
    private static readonly string[] Documents =
        [Path.Combine("QuantBuild.Compiler", "Json"), Path.Combine("QuantBuild.Compiler", "Manifests", "Json")];

    [Fact]
    public void Nothing_reads_JSON_by_index_or_unchecked()
    {
        string src = Path.Combine(TestData.Root, "src");
        string[] files = [.. ((string[])["QuantBuild.Compiler", "QuantBuild.Tool", "QuantBuild.MSBuild", "QuantBuild"])
            .SelectMany(library => Directory.EnumerateFiles(Path.Combine(src, library), "*.cs", SearchOption.AllDirectories))
            .Where(path => !path.Split(Path.DirectorySeparatorChar).Any(part => part is "obj" or "bin"))
            .Where(path => !Documents.Any(folder => path.StartsWith(Path.Combine(src, folder), StringComparison.Ordinal)))];

        Assert.True(files.Length > 500);
        Assert.Empty(files.SelectMany(file => Found(File.ReadAllText(file)).Select(found => $"{Path.GetFileName(file)}: {found}")));
    }

    [Theory]
    [InlineData("""Text(answer["name"])""", true)]
    [InlineData("""json["rows"]?.AsArray()""", true)]
    [InlineData("""file!["path"]""", true)]
    [InlineData("""row?["method"]""", true)]
    [InlineData("""record["outputs"]![name]""", true)]
    [InlineData("""if (json["current"] == x)""", true)]
    [InlineData("node.GetValue<int>()", true)]
    [InlineData("node.AsObject()", true)]
    [InlineData("""json["why"] = layer.Reason;""", false)]
    [InlineData("""new JsonObject { ["a"] = 1 }""", false)]
    [InlineData("""smooth ? (string[])["smoothing"] : []""", false)]
    [InlineData("""any ? (ReadOnlySpan<string>)["now"] : []""", false)]
    [InlineData("""match.Groups["stem"].Value""", false)]
    [InlineData("""outputs["scale"]""", false)]
    [InlineData("""file.Tensors["y"].Shape""", false)]
    public void Reads_are_told_from_writes_and_from_other_tables(string code, bool isRead) =>
        Assert.Equal(isRead, Found(code).Any());

    private static IEnumerable<string> Found(string code) =>
        Index().Matches(code).Concat(Unchecked().Matches(code)).Select(match => match.Value);

    /// <summary>
    /// An index by a literal that nothing is assigned to, but of groups of a match, tensors of a file and blobs of an action.
    /// </summary>
    [GeneratedRegex("""(?<!\b(?:Groups|Tensors|outputs))(?<=[\w\)\]!?])(?<![\]>]\))\[\$?"[^"\n]*"\](?!\s*=[^=])""")]
    private static partial Regex Index();

    [GeneratedRegex("""\.(?:GetValue<(?:string|bool|int|long|double)>|AsArray|AsObject)\(\)""")]
    private static partial Regex Unchecked();
}
