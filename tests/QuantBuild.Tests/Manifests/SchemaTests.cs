using System.Text.Json;
using Newtonsoft.Json;
using Newtonsoft.Json.Linq;
using NJsonSchema;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Manifests.Binding;

namespace QuantBuild.Tests.Manifests;

/// <summary>The published schema says what the reader does, as far as a schema can.</summary>
public sealed class SchemaTests
{
    private static readonly string SchemaText = File.ReadAllText(Path.Combine(TestData.Root, "targets", "quant.schema.json"));

    private static readonly Lazy<Task<JsonSchema>> Schema = new(() => JsonSchema.FromJsonAsync(SchemaText));

    [Fact]
    public async Task The_tiny_model_s_manifest_satisfies_the_schema() =>
        Assert.Empty(
            await Errors(await File.ReadAllTextAsync(TestData.TinyWan("tinywan.quant.json"), TestContext.Current.CancellationToken)));

    [Fact]
    public void The_schema_and_the_reader_know_the_same_keys()
    {
        using JsonDocument schema = JsonDocument.Parse(SchemaText);

        Assert.All(ManifestKeys.All, keys =>
            Assert.Equal(keys.Keys.Order(StringComparer.Ordinal), KeysOf(schema.RootElement, keys.Name).Order(StringComparer.Ordinal)));
    }

    [Fact]
    public void Every_key_is_described_in_the_schema()
    {
        using JsonDocument schema = JsonDocument.Parse(SchemaText);

        Assert.All(ManifestKeys.All, keys => Assert.All(Properties(Object(schema.RootElement, keys.Name)), property =>
            Assert.True(Described(schema.RootElement, property.Value), $"{keys.Name}.{property.Name} has no description")));
    }

    [Theory]
    [InlineData("\"low_noise\": {}", "\"low_noise\": {}")]
    [InlineData("\"low_noise\": {}",
        "\"low_noise\": { \"bins\": [\"a:0-0.25\", { \"name\": \"b\", \"from\": 0.25, \"to\": 1, \"clipRatios\": [1] }] }")]
    [InlineData("\"low_noise\": {}", "\"low_noise\": { \"bins\": [{ \"name\": \"b\", \"timesteps\": [899, 0] }] }")]
    [InlineData("\"low_noise\": {}",
        "\"low_noise\": { \"weights\": { \"folder\": \"x\", \"method\": \"rtn\" }, \"smooth\": false, \"precision\": \"w4a16\" }")]
    [InlineData("calibration.jsonl\"", "/a/b.jsonl\", \"guidance\": { \"low_noise\": 3.5 }, \"seed\": 9223372036854775807")]
    [InlineData("calibration.jsonl\"",
        "C:\\\\b.jsonl\", \"guidance\": 3.5, \"shift\": 0.5, \"steps\": 1000, \"tokensPerStep\": 1, \"samples\": 10000")]
    [InlineData("\"model\": {", "\"name\": \"x\", \"overrides\": [], \"gates\": {}, \"output\": {}, \"quantize\": {}, \"model\": {")]
    [InlineData("\"model\": {",
        "\"overrides\": [{ \"match\": \"blocks.3-5.*\", \"experts\": [\"low_noise\"], \"smooth\": { \"alpha\": 1 } }], \"model\": {")]
    [InlineData("\"model\": {", "\"output\": { \"shardSize\": \"500MB\", \"keptDtype\": \"f32\", \"layout\": \"native\" }, \"model\": {")]
    [InlineData("\"model\": {",
        "\"output\": { \"shardSize\": 65536 }, \"gates\": { \"maxRelativeError\": 0.1, \"maxErrorVsRtn\": 1000 }, \"model\": {")]
    [InlineData("\"model\": {",
        "\"gates\": { \"minCosine\": 0.99, \"severity\": \"warning\", \"rules\": [{ \"match\": \"blocks.0-2.*\", \"experts\": "
            + "[\"low_noise\"], \"bins\": [\"late\"], \"maxRelativeError\": 1, \"severity\": \"error\" }, { \"bins\": [\"*\"], "
                + "\"minCosine\": 1 }] }, \"model\": {")]
    [InlineData("\"model\": {",
        "\"quantize\": { \"format\": \"mxfp4\", \"weights\": { \"method\": \"gptq\", \"damp\": 0, \"blockSize\": 4096 } }, \"model\": {")]
    [InlineData("\"model\": {",
        "\"quantize\": { \"activations\": { \"granularity\": \"bin\", \"exponentOffsets\": [-8, 8], \"ties\": \"zero\", \"objective\": "
            + "\"activation\" } }, \"model\": {")]
    [InlineData("calibration.jsonl\"", "c.jsonl\", \"solver\": \"euler\", \"timesteps\": [1000, 937, 833, 625]")]
    [InlineData("\"model\": {", "\"model\": { \"loras\": [{ \"file\": \"hf://a/b@main/c/d.safetensors\" }],")]
    [InlineData("\"model\": {", "\"compute\": {}, \"model\": {")]
    [InlineData("\"model\": {",
        "\"model\": { \"loras\": [{ \"file\": \"a.safetensors\", \"strength\": -0.5, \"experts\": [\"low_noise\"] }],")]
    [InlineData("\"model\": {",
        "\"compute\": { \"model\": \"torch\", \"layers\": \"cpu\", \"device\": \"cuda\", \"dtype\": \"float32\" }, \"model\": {")]
    public async Task Both_accept(string original, string changed)
    {
        string text = ManifestText.Minimal.Replace(original, changed);

        Assert.Empty(ManifestText.Problems(text));
        Assert.Empty(await Errors(text));
    }

    [Theory]
    [InlineData("\"model\": {", "\"modle\": {")]
    [InlineData("\"model\": {", "\"name\": \"-\", \"model\": {")]
    [InlineData("\"model\": {", "\"name\": \"a b\", \"model\": {")]
    [InlineData("\"model\": {", "\"$schema\": 5, \"model\": {")]
    [InlineData("\"model\": {", "\"quantise\": {}, \"model\": {")]
    [InlineData("\"model\": {", "\"model\": { \"architecture\": \"wan2.1\",")]
    [InlineData("\"model\": {", "\"model\": { \"boundary\": 1,")]
    [InlineData("\"model\": {", "\"model\": { \"loras\": [{ \"strength\": 1 }],")]
    [InlineData("\"model\": {", "\"model\": { \"loras\": [{ \"file\": \"hf://a/b\" }],")]
    [InlineData("\"model\": {", "\"model\": { \"loras\": [{ \"file\": \"a\", \"strength\": 0 }],")]
    [InlineData("\"model\": {", "\"model\": { \"loras\": [{ \"file\": \"a\", \"experts\": [] }],")]
    [InlineData("\"model\": {", "\"model\": { \"loras\": { \"file\": \"a\" },")]
    [InlineData("\"checkpoint\"", "\"\"")]
    [InlineData("\"checkpoint\"", "\"https://a/b\"")]
    [InlineData("\"checkpoint\"", "\"hf://a\"")]
    [InlineData("\"checkpoint\"", "5")]
    [InlineData("\"low_noise\": {}", "\"mid_noise\": {}")]
    [InlineData("\"low_noise\": {}", "\"low_noise\": { \"bins\": [] }")]
    [InlineData("\"low_noise\": {}", "\"low_noise\": { \"bins\": [\"a\"] }")]
    [InlineData("\"low_noise\": {}", "\"low_noise\": { \"bins\": [\"a:0-2\"] }")]
    [InlineData("\"low_noise\": {}", "\"low_noise\": { \"bins\": [{ \"name\": \"a\" }] }")]
    [InlineData("\"low_noise\": {}", "\"low_noise\": { \"bins\": [{ \"name\": \"a\", \"from\": 0 }] }")]
    [InlineData("\"low_noise\": {}", "\"low_noise\": { \"bins\": [{ \"name\": \"a\", \"from\": 0, \"to\": 1, \"timesteps\": [899, 0] }] }")]
    [InlineData("\"low_noise\": {}", "\"low_noise\": { \"bins\": [{ \"name\": \"a\", \"timesteps\": [899] }] }")]
    [InlineData("\"low_noise\": {}", "\"low_noise\": { \"format\": \"mxfp4\" }")]
    [InlineData("\"low_noise\": {}", "\"low_noise\": { \"weights\": { \"path\": \"x\" } }")]
    [InlineData("\"low_noise\": {}", "\"low_noise\": { \"weights\": true }")]
    [InlineData("calibration.jsonl\"", "calibration.json\"")]
    [InlineData("calibration.jsonl\"", "c.jsonl\", \"samples\": 0")]
    [InlineData("calibration.jsonl\"", "c.jsonl\", \"samples\": 1.5")]
    [InlineData("calibration.jsonl\"", "c.jsonl\", \"solver\": \"dpm\"")]
    [InlineData("calibration.jsonl\"", "c.jsonl\", \"steps\": 1001")]
    [InlineData("calibration.jsonl\"", "c.jsonl\", \"timesteps\": []")]
    [InlineData("calibration.jsonl\"", "c.jsonl\", \"timesteps\": [1001]")]
    [InlineData("calibration.jsonl\"", "c.jsonl\", \"timesteps\": [500, 500]")]
    [InlineData("calibration.jsonl\"", "c.jsonl\", \"timesteps\": 4")]
    [InlineData("calibration.jsonl\"", "c.jsonl\", \"shift\": 0")]
    [InlineData("calibration.jsonl\"", "c.jsonl\", \"guidance\": { \"both\": 1 }")]
    [InlineData("calibration.jsonl\"", "c.jsonl\", \"guidance\": \"none\"")]
    [InlineData("calibration.jsonl\"", "c.jsonl\", \"tokensPerStep\": 0")]
    [InlineData("calibration.jsonl\"", "c.jsonl\", \"seed\": -1")]
    [InlineData("\"model\": {", "\"quantize\": { \"format\": \"int4\" }, \"model\": {")]
    [InlineData("\"model\": {", "\"quantize\": { \"precision\": \"w8a8\" }, \"model\": {")]
    [InlineData("\"model\": {", "\"quantize\": { \"smooth\": \"no\" }, \"model\": {")]
    [InlineData("\"model\": {", "\"quantize\": { \"smooth\": { \"alpha\": 2 } }, \"model\": {")]
    [InlineData("\"model\": {", "\"quantize\": { \"smooth\": { \"share\": \"block\" } }, \"model\": {")]
    [InlineData("\"model\": {", "\"quantize\": { \"lowRank\": { \"rank\": -1 } }, \"model\": {")]
    [InlineData("\"model\": {", "\"quantize\": { \"lowRank\": { \"method\": \"svd\" } }, \"model\": {")]
    [InlineData("\"model\": {", "\"quantize\": { \"weights\": \"gptq\" }, \"model\": {")]
    [InlineData("\"model\": {", "\"quantize\": { \"weights\": { \"method\": \"awq\" } }, \"model\": {")]
    [InlineData("\"model\": {", "\"quantize\": { \"weights\": { \"damp\": 2 } }, \"model\": {")]
    [InlineData("\"model\": {", "\"quantize\": { \"weights\": { \"blockSize\": 100 } }, \"model\": {")]
    [InlineData("\"model\": {", "\"quantize\": { \"activations\": { \"clipRatios\": [] } }, \"model\": {")]
    [InlineData("\"model\": {", "\"quantize\": { \"activations\": { \"clipRatios\": [0] } }, \"model\": {")]
    [InlineData("\"model\": {", "\"quantize\": { \"activations\": { \"clipRatios\": [0.5, 0.5] } }, \"model\": {")]
    [InlineData("\"model\": {", "\"quantize\": { \"activations\": { \"exponentOffsets\": [9] } }, \"model\": {")]
    [InlineData("\"model\": {", "\"overrides\": {}, \"model\": {")]
    [InlineData("\"model\": {", "\"overrides\": [{ \"precision\": \"bf16\" }], \"model\": {")]
    [InlineData("\"model\": {", "\"overrides\": [{ \"match\": \"*\" }], \"model\": {")]
    [InlineData("\"model\": {", "\"overrides\": [{ \"match\": \"a..b\", \"precision\": \"bf16\" }], \"model\": {")]
    [InlineData("\"model\": {", "\"overrides\": [{ \"match\": \"*\", \"experts\": [], \"precision\": \"bf16\" }], \"model\": {")]
    [InlineData("\"model\": {", "\"overrides\": [{ \"match\": \"*\", \"bins\": [\"a:0-1\"], \"precision\": \"bf16\" }], \"model\": {")]
    [InlineData("\"model\": {", "\"gates\": { \"maxRelativeError\": 0 }, \"model\": {")]
    [InlineData("\"model\": {", "\"gates\": { \"maxErrorVsRtn\": null }, \"model\": {")]
    [InlineData("\"model\": {", "\"gates\": { \"minCosine\": 2 }, \"model\": {")]
    [InlineData("\"model\": {", "\"gates\": { \"rules\": [{ \"match\": \"*\" }] }, \"model\": {")]
    [InlineData("\"model\": {", "\"gates\": { \"rules\": [{ \"maxFinalLatentError\": 1, \"minCosine\": 1 }] }, \"model\": {")]
    [InlineData("\"model\": {", "\"gates\": { \"rules\": [{ \"bins\": [], \"minCosine\": 1 }] }, \"model\": {")]
    [InlineData("\"model\": {", "\"output\": { \"layout\": \"comfy\" }, \"model\": {")]
    [InlineData("\"model\": {", "\"output\": { \"shardSize\": \"4 gigs\" }, \"model\": {")]
    [InlineData("\"model\": {", "\"output\": { \"shardSize\": 100 }, \"model\": {")]
    [InlineData("\"model\": {", "\"output\": { \"keptDtype\": \"f16\" }, \"model\": {")]
    [InlineData("\"model\": {", "\"compute\": \"torch\", \"model\": {")]
    [InlineData("\"model\": {", "\"compute\": { \"model\": \"gpu\" }, \"model\": {")]
    [InlineData("\"model\": {", "\"compute\": { \"device\": \"cuda:1\" }, \"model\": {")]
    [InlineData("\"model\": {", "\"compute\": { \"dtype\": \"f32\" }, \"model\": {")]
    public async Task Both_refuse(string original, string changed)
    {
        string text = ManifestText.Minimal.Replace(original, changed);

        Assert.NotEmpty(ManifestText.Problems(text));
        Assert.NotEmpty(await Errors(text));
    }

    [Fact]
    public void Defaults_of_the_schema_are_those_of_the_reader()
    {
        // A manifest that spells out every default of the schema must mean what the minimal one means.
        JObject definitions = (JObject)JToken.Parse(SchemaText)["definitions"]!;
        QuantManifest spelled = ManifestText.Valid($$"""
            {
              "model": { "source": "checkpoint", "boundary": {{Default("model", "boundary")}}, "architecture": {{Default("model", "architecture")}} },
              "experts": { "high_noise": {}, "low_noise": {} },
              "calibration": { "data": "calibration.jsonl", "samples": {{Default("calibration", "samples")}}, "solver": {{Default("calibration", "solver")}},
                "steps": {{Default("calibration", "steps")}}, "shift": {{Default("calibration", "shift")}}, "guidance": {{Default("calibration", "guidance")}},
                "tokensPerStep": {{Default("calibration", "tokensPerStep")}}, "seed": {{Default("calibration", "seed")}} },
              "quantize": {{Recipe()}},
              "compute": { "model": {{Default("compute", "model")}}, "layers": {{Default("compute", "layers")}},
                "device": {{Default("compute", "device")}}, "dtype": {{Default("compute", "dtype")}} },
              "output": { "layout": {{Default("output", "layout")}}, "shardSize": {{Default("output", "shardSize")}}, "keptDtype": {{Default("output", "keptDtype")}} }
            }
            """);
        QuantManifest minimal = ManifestText.Valid(ManifestText.Minimal);

        Assert.Equal(minimal.Model.Boundary, spelled.Model.Boundary);
        Assert.Equal(minimal.Calibration with { Span = default }, spelled.Calibration with { Span = default });
        Assert.Equal(minimal.Compute, spelled.Compute with
        {
            ModelSpan = default, LayersSpan = default, DeviceSpan = null, DTypeSpan = null,
        });
        Assert.Equal(minimal.Output,
            spelled.Output with { LayoutSpan = minimal.Output.LayoutSpan, ShardSizeSpan = null, KeptDtypeSpan = null });
        Assert.Equal(minimal.Quantize, spelled.Quantize);
        Assert.Equal(RecipeSettings.All, spelled.QuantizePatch.Settings.OrderBy(setting => setting.Index));

        string Default(string definition, string key) => ((definitions[definition]!["properties"]
            ?? definitions[definition]!["anyOf"]!.Single(option => option["properties"] is not null)["properties"])![key]!["default"]
            ?? throw new KeyNotFoundException($"{definition}.{key} has no default")).ToString(Formatting.None);
        string Recipe() => "{ " + string.Join(", ", RecipeSettings.Sections.Select(section => $"\"{section}\": {Section(section)}")) + " }";
        string Section(string section) => RecipeSettings.In(section) is { IsEmpty: false } settings
            ? "{ " + string.Join(", ", settings.Select(setting => $"\"{setting.Key}\": {Default(section, setting.Key)}")) + " }"
            : definitions[section]!["default"]!.ToString(Formatting.None);
    }

    private static async Task<IEnumerable<string>> Errors(string text) =>
        (await Schema.Value).Validate(JToken.Parse(text, new JsonLoadSettings { CommentHandling = CommentHandling.Ignore }))
        .Select(error => error.ToString());

    private static IEnumerable<string> KeysOf(JsonElement root, string name) =>
        Properties(Object(root, name)).Select(property => property.Name);

    private static JsonProperty[] Properties(JsonElement definition) => [.. definition.GetProperty("properties").EnumerateObject()];

    /// <summary>The object schema of a definition, which may be one of its alternatives.</summary>
    private static JsonElement Object(JsonElement root, string name)
    {
        JsonElement definition = name == "manifest" ? root : root.GetProperty("definitions").GetProperty(name);
        return definition.TryGetProperty("properties", out _)
            ? definition
            : definition.GetProperty("anyOf").EnumerateArray().Single(option => option.TryGetProperty("properties", out _));
    }

    private static bool Described(JsonElement root, JsonElement property) =>
        property.TryGetProperty("description", out _)
        || (property.TryGetProperty("$ref", out JsonElement reference)
            && root.GetProperty("definitions").GetProperty(reference.GetString()!["#/definitions/".Length..])
            .TryGetProperty("description", out _));
}
