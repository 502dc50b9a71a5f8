using System.Globalization;
using System.Text.Json.Nodes;
using QuantBuild.Compiler.Diagnostics;

namespace QuantBuild.Tests.Manifests;

/// <summary>
/// Sections other than recipes: the ranges and choices of the schema are the reader's, tried at their ends and beyond, and the manual's
/// tables say what the schema says.
/// </summary>
public sealed class SectionSchemaTests
{
    private static readonly JsonObject Definitions = (JsonObject)JsonNode.Parse(
        File.ReadAllText(Path.Combine(TestData.Root, "targets", "quant.schema.json")))!["definitions"]!;

    private static readonly string Page = File.ReadAllText(Path.Combine(TestData.Root, "docs", "manifest.md"));

    /// <summary>The sections: the heading in the manual, and a manifest with one key of it.</summary>
    private static readonly Dictionary<string, (string Heading, Func<string, string> With)> Sections = new(StringComparer.Ordinal)
    {
        ["model"] = ("## `model`", key => ManifestText.Minimal.Replace("\"source\"", key + ", \"source\"")),
        ["lora"] = ("### LoRA files", key =>
            ManifestText.Minimal.Replace("\"source\"", $$"""
            "loras": [{ "file": "a.safetensors", {{key}} }], "source"
            """)),
        ["calibration"] = ("## `calibration`", key => ManifestText.Minimal.Replace("\"data\"",
            // As many steps as the largest number of them needs.
            (key.StartsWith("\"highNoiseSteps\"", StringComparison.Ordinal) ? "\"steps\": 1000, \"shift\": 1, " : "") + key
                + ", \"data\"")),
        ["latent"] = ("### `calibration.latent`", key =>
            ManifestText.Minimal.Replace("\"data\"", $$"""
            "latent": { {{key}} }, "data"
            """)),
        ["guidance"] = ("## `calibration`", key =>
            ManifestText.Minimal.Replace("\"data\"", $$"""
            "guidance": { {{key}} }, "data"
            """)),
        ["compute"] = ("## `compute`", key => ManifestText.With($$"""
            "compute": { {{key}} }
            """)),
        ["gates"] = ("## `gates`", key => ManifestText.With($$"""
            "gates": { {{key}} }
            """)),
        ["gateRule"] = ("## `gates`", key => ManifestText.With($$"""
            "gates": { "rules": [{ {{(key.StartsWith("\"minCosine\"", StringComparison.Ordinal) ? "\"maxErrorVsRtn\": 1" : "\"minCosine\": 0.5")}}, {{key}} }] }
            """)),
        ["output"] = ("## `output`", key => ManifestText.With($$"""
            "output": { {{key}} }
            """)),
    };

    public static TheoryData<string, string> Numbers => [.. Keys(schema => schema["maximum"] is not null)];

    public static TheoryData<string, string> Choices => [.. Keys(schema => schema["enum"] is not null)];

    [Fact]
    public void The_keys_that_are_tried_are_those_that_there_are()
    {
        Assert.Equal(20, Numbers.Count);
        Assert.Equal(10, Choices.Count);
    }

    [Theory]
    [MemberData(nameof(Numbers))]
    public void Ranges_of_the_schema_are_those_of_the_reader(string section, string key)
    {
        JsonObject schema = Schema(section, key);
        bool whole = (string)schema["type"]! == "integer";
        string least = (schema["minimum"] ?? schema["exclusiveMinimum"])!.ToJsonString(), most = schema["maximum"]!.ToJsonString();
        if (schema["minimum"] is not null)
            Assert.Empty(Problems(section, key, least));
        else
            Assert.NotEmpty(Problems(section, key, least));
        Assert.Empty(Problems(section, key, most));
        Assert.NotEmpty(Problems(section, key, Beyond(least, whole, down: true)));
        Assert.NotEmpty(Problems(section, key, Beyond(most, whole, down: false)));
        if (whole)
            Assert.NotEmpty(Problems(section, key, "2.5"));
    }

    [Theory]
    [MemberData(nameof(Choices))]
    public void Choices_of_the_schema_are_those_of_the_reader(string section, string key)
    {
        string[] names = [.. Schema(section, key)["enum"]!.AsArray().Select(name => (string)name!)];

        Assert.All(names, name => Assert.Empty(Problems(section, key, $"\"{name}\"")));
        // The reader names all that it knows.
        Diagnostic problem = Assert.Single(ManifestText.Read(Sections[section].With($"\"{key}\": \"?\"")).Diagnostics);
        Assert.EndsWith(names is [var only] ? $"; the only value is '{only}'" : $"; values are {string.Join(", ", names)}", problem.Message,
            StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Numbers))]
    [MemberData(nameof(Choices))]
    public void The_manual_s_tables_say_what_the_schema_says(string section, string key)
    {
        // Rules have the thresholds of the section, and an expert's guidance the range of both: "as above".
        if (section is "gateRule" or "guidance")
            return;
        string heading = Sections[section].Heading;
        int start = Page.IndexOf(heading + "\n", StringComparison.Ordinal),
            end = Page.IndexOf("\n## ", start + 1, StringComparison.Ordinal);
        string[] cells = Page[start..(end < 0 ? Page.Length : end)].Split('\n').First(line => line.StartsWith($"| `{key}` |",
            StringComparison.Ordinal)).Split(" | ");
        JsonObject schema = Schema(section, key);

        Assert.StartsWith(Words(schema), cells[1].Replace("even, ", "", StringComparison.Ordinal), StringComparison.Ordinal);
        if (schema["default"] is { } usual)
            Assert.Equal(usual.GetValueKind() == System.Text.Json.JsonValueKind.String ? $"`{usual}`" : usual.ToJsonString(), cells[2]);
    }

    private static IEnumerable<(string, string)> Keys(Func<JsonNode, bool> wanted) => Sections.Keys.SelectMany(section =>
        Definitions[section]!["properties"]!.AsObject().Select(property => property.Key).Where(key => wanted(Schema(section, key)))
            .Select(key => (section, key)));

    private static JsonObject Schema(string section, string key) => Definitions[section]!["properties"]![key]!.AsObject() is var schema
        && schema["$ref"] is { } reference ? Definitions[((string)reference!)["#/definitions/".Length..]]!.AsObject() : schema;

    private static IEnumerable<string> Problems(string section, string key, string value) =>
        ManifestText.Problems(Sections[section].With($"\"{key}\": {value}"));

    private static string Words(JsonObject schema)
    {
        if (schema["enum"] is JsonArray names)
            return string.Join(", ", names.Select(name => $"`{name}`"));
        string least = (schema["minimum"] ?? schema["exclusiveMinimum"])!.ToJsonString(), most = schema["maximum"]!.ToJsonString();
        return $"{(schema["minimum"] is null ? "above " : "")}{least} to {(most == $"{ulong.MaxValue}" ? "2^64 - 1" : most)}";
    }

    private static string Beyond(string end, bool whole, bool down) => whole
        ? (Int128.Parse(end, CultureInfo.InvariantCulture) + (down ? -1 : 1)).ToString(CultureInfo.InvariantCulture)
        : (double.Parse(end, CultureInfo.InvariantCulture) + (down ? -1e-6 : 1e-6)).ToString("F6", CultureInfo.InvariantCulture);
}
