using System.Text.Json;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using QuantBuild.Build.Tests.Infrastructure;

namespace QuantBuild.Build.Tests.Package;

/// <summary>
/// Properties, items, metadata and targets have one list: the targets, the editors' schema and the documentation know the same names.
/// </summary>
public sealed partial class PublicNamesTests
{
    private static readonly string[] TargetFiles =
        ["QuantBuild.MSBuild.props", "QuantBuild.MSBuild.targets", "QuantBuild.MSBuild.multitargeting.targets", "QuantBuild.targets"];

    private static readonly XDocument[] Files = [.. TargetFiles.Select(file => XDocument.Load(Repository.PathOf("targets", file)))];

    private static readonly JsonElement Schema =
        JsonDocument.Parse(File.ReadAllText(Repository.PathOf("targets", "QuantBuild.MSBuild.buildschema.json"))).RootElement;

    private static readonly string Documentation = File.ReadAllText(Repository.PathOf("docs", "msbuild.md")).ReplaceLineEndings("\n");

    [Fact]
    public void Every_property_is_in_the_targets_the_schema_and_the_documentation()
    {
        string[] used = Names(Files.SelectMany(file => file.Descendants())
            .SelectMany(element => element.Attributes().Select(attribute => attribute.Value)
                .Concat(element.Nodes().OfType<XText>().Select(text => text.Value))
                .SelectMany(text => PropertyReference().Matches(text).Select(match => match.Groups[1].Value))
                .Concat(element.Parent?.Name.LocalName == "PropertyGroup" ? [element.Name.LocalName] : [])
                .Where(name => name.StartsWith("Quant", StringComparison.Ordinal))));

        Assert.Equal(used, Names(Schema.GetProperty("properties").EnumerateObject().Select(property => property.Name)));
        Assert.Equal(used, Documented("## Properties"));
    }

    [Fact]
    public void Every_target_is_in_the_targets_the_schema_and_the_documentation()
    {
        string[] declared = Names(Files.SelectMany(file => file.Descendants("Target")).Select(target => target.Attribute("Name")!.Value)
            .Where(name => !name.StartsWith('_')));

        Assert.Equal(declared, Names(Schema.GetProperty("targets").EnumerateObject().Select(target => target.Name)));
        Assert.Equal(declared, Documented("## Targets"));
    }

    [Fact]
    public void Every_metadatum_of_a_manifest_is_in_the_targets_the_schema_and_the_documentation()
    {
        string[] declared = Names(Files.SelectMany(file => file.Descendants("ItemDefinitionGroup"))
            .SelectMany(group => group.Elements("QuantManifest").Elements())
            .Select(metadatum => metadatum.Name.LocalName));

        Assert.Equal(declared, Metadata("QuantManifest"));
        Assert.Equal(declared, Documented("### QuantManifest"));
    }

    [Fact]
    public void Every_metadatum_of_an_artifact_is_in_the_task_the_schema_and_the_documentation()
    {
        string task = File.ReadAllText(Repository.PathOf("src", "QuantBuild.MSBuild", "CollectModels.cs"));
        int start = task.IndexOf("_artifacts.Add(", StringComparison.Ordinal);
        string[] made = Names(DictionaryKey().Matches(task[start..task.IndexOf("}));", start, StringComparison.Ordinal)])
            .Select(match => match.Groups[1].Value));

        Assert.Equal(made, Metadata("QuantArtifact"));
        Assert.Equal(made, Documented("### QuantArtifact"));
        Assert.Equal(["QuantArtifact", "QuantManifest"], Names(Schema.GetProperty("items").EnumerateObject().Select(item => item.Name)));
    }

    [Fact]
    public void Defaults_are_the_same_in_the_props_the_schema_and_the_documentation()
    {
        Dictionary<string, string> defaults = Files.SelectMany(file => file.Descendants("PropertyGroup")).Elements()
            .Where(property => property.Attribute("Condition")?.Value == $"'$({property.Name.LocalName})' == ''"
                && !property.Value.Contains('$', StringComparison.Ordinal))
            .Where(property => property.Parent!.Attribute("Condition") is null
                && property.Name.LocalName.StartsWith("Quant", StringComparison.Ordinal))
            .ToDictionary(property => property.Name.LocalName, property => property.Value);
        defaults.Remove("QuantLockedMode"); // computed: its last resort is no default

        Assert.Equal(defaults, Schema.GetProperty("properties").EnumerateObject()
            .Where(property => property.Value.TryGetProperty("defaultValue", out _))
            .ToDictionary(property => property.Name, property => property.Value.GetProperty("defaultValue").GetString()!));
        Assert.All(defaults.Where(property => property.Key != "QuantTaskFactory"), property =>
            Assert.Contains($"| `{property.Key}` | `{property.Value}`", Documentation, StringComparison.Ordinal));
    }

    [Fact]
    public void The_schema_lies_where_editors_look_for_it_and_describes_everything()
    {
        Assert.Contains("build/QuantBuild.MSBuild.buildschema.json", LayoutTests.FilesOf("QuantBuild.MSBuild"));
        Assert.All(Schema.GetProperty("properties").EnumerateObject().Concat(Schema.GetProperty("items").EnumerateObject()), one =>
            Assert.EndsWith(".", one.Value.GetProperty("description").GetString(), StringComparison.Ordinal));
    }

    [Fact]
    public void Every_name_says_whose_it_is()
    {
        string[] handedOn = ["AvailableItemName", "Watch", "EmbeddedResource", "None", "Content", "Compile", "DefaultItemExcludes",
            "FileWrites", "EmbedInBinlog", "UpToDateCheckInput", "UpToDateCheckOutput",
            "TfmSpecificPackageFile", "TargetsForTfmSpecificContentInPackage", "ResolvedFileToPublish"];
        IEnumerable<string> names = Files.SelectMany(file => file.Descendants("PropertyGroup").Concat(file.Descendants("ItemGroup")))
            .Elements().Select(element => element.Name.LocalName)
            .Concat(Files.SelectMany(file => file.Descendants("Target")).Select(target => target.Attribute("Name")!.Value));

        Assert.All(names.Except(handedOn), name => Assert.Matches("^_?Quant", name));
    }

    [Fact]
    public void The_props_depend_on_nothing_that_a_project_says()
    {
        string props = Files[0].Root!.Value + string.Concat(Files[0].Descendants().Attributes().Select(attribute => attribute.Value));

        Assert.DoesNotContain("@(", props, StringComparison.Ordinal);
        Assert.Equal(Names(Files[0].Descendants("PropertyGroup").Elements().Select(property => property.Name.LocalName)),
            Names(AnyProperty().Matches(props).Select(match => match.Groups[1].Value)));
    }

    [Fact]
    public void Every_code_that_the_build_step_reports_is_in_its_troubleshooting_table()
    {
        string sources = string.Concat(TargetFiles.Select(file => File.ReadAllText(Repository.PathOf("targets", file)))
            .Concat(Directory.EnumerateFiles(Repository.PathOf("src", "QuantBuild.MSBuild"), "*.cs").Select(File.ReadAllText)));

        Assert.Equal(Names(Code().Matches(sources).Select(match => match.Groups[1].Value)),
            Documented("## When something goes wrong").Where(code => code.StartsWith("QB00", StringComparison.Ordinal)));
    }

    private static string[] Metadata(string item) =>
        Names(Schema.GetProperty("items").GetProperty(item).GetProperty("metadata").EnumerateObject().Select(metadatum => metadatum.Name));

    /// <summary>The names in the first column of the table below a heading; codes are not in backticks.</summary>
    private static string[] Documented(string heading)
    {
        int start = Documentation.IndexOf($"\n{heading}\n", StringComparison.Ordinal);
        Assert.True(start >= 0, heading);
        int end = Documentation.IndexOf("\n#", start + heading.Length, StringComparison.Ordinal);
        return Names(Documentation[start..(end < 0 ? Documentation.Length : end)].Split('\n')
            .Where(line => line.StartsWith("| `", StringComparison.Ordinal) || line.StartsWith("| QB", StringComparison.Ordinal))
            .SelectMany(line => Name().Matches(line.Split('|')[1]).Select(match => match.Value)));
    }

    private static string[] Names(IEnumerable<string> names) => [.. names.Distinct().Order(StringComparer.Ordinal)];

    [GeneratedRegex(@"\$\((Quant\w+)\)")]
    private static partial Regex PropertyReference();

    [GeneratedRegex(@"\$\((\w+)\)")]
    private static partial Regex AnyProperty();

    [GeneratedRegex("""\["(\w+)"\]""")]
    private static partial Regex DictionaryKey();

    [GeneratedRegex("\"(QB0\\d{3})\"")]
    private static partial Regex Code();

    [GeneratedRegex(@"[A-Za-z]\w+")]
    private static partial Regex Name();
}
