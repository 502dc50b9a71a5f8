using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Manifests.Binding;

namespace QuantBuild.Tests.Manifests;

public sealed class ManifestErrorTests
{
    [Fact]
    public void All_errors_are_reported_at_once_with_their_places()
    {
        string[] problems = [.. ManifestText.Problems("""
            {
              "modle": {},
              "model": { "boundary": 2 },
              "experts": { "high_noise": { "bins": [] }, "low_nose": {} },
              "calibration": { "data": 5, "samples": 0, "solver": "dpm", "samples": 3 },
              "overrides": [
                { "match": "blocks..x", "precision": "w8a8" },
                { "match": "blocks.1.ffn.2" }
              ],
              "output": { "shardSize": "4 Gigs" }
            }
            """)];

        Assert.Equal(
            [
                "QB1011 2:3", "QB1010 3:12", "QB1014 3:26", "QB1010 4:14", "QB1016 4:40", "QB1020 4:46", "QB1013 5:28", "QB1014 5:42",
                "QB1015 5:55", "QB1012 5:62", "QB1030 7:16", "QB1015 7:42", "QB1031 8:5", "QB1019 10:28",
            ], problems);
    }

    [Theory]
    [InlineData("{ \"model\": ", "QB1005 1:")]
    [InlineData("", "QB1005 1:1")]
    [InlineData("{} {}", "QB1005 1:4")]
    [InlineData("{\n  \"model\": { \"source\": tru } }", "QB1005 2:")]
    [InlineData("{ \"a\": \"\\ud800\" }", "QB1005 1:8")]
    [InlineData("[]", "QB1013 1:1")]
    [InlineData("null", "QB1013 1:1")]
    public void What_is_not_a_json_object_is_refused(string text, string start) =>
        Assert.StartsWith(start, Assert.Single(ManifestText.Problems(text)));

    [Fact]
    public void A_syntax_error_names_its_reason_once_and_without_a_second_position()
    {
        string problem = ManifestText.Problem("{ \"model\" 5 }");

        Assert.StartsWith("QB1005: Syntax error: ", problem);
        Assert.DoesNotContain("LineNumber", problem);
    }

    [Fact]
    public void Nesting_without_end_is_a_syntax_error() =>
        Assert.StartsWith("QB1005", ManifestText.Problem(new string('[', 100_000)));

    [Fact]
    public void Columns_count_utf16_units()
    {
        string text = "{ /* ä 𝄞 */ \"mdel\": 1, " + ManifestText.Minimal[1..];

        Assert.Equal(["QB1011 1:14"], ManifestText.Problems(text));
    }

    [Theory]
    [InlineData("model", "QB1010: The key 'model' is missing")]
    [InlineData("experts", "QB1010: The key 'experts' is missing")]
    [InlineData("calibration", "QB1010: The key 'calibration' is missing")]
    public void Required_sections_are_asked_for(string section, string expected)
    {
        string[] lines = ManifestText.Minimal.Split('\n');
        string text = string.Join('\n', lines.Where(line => !line.Contains($"\"{section}\":")));

        Assert.Equal(expected, ManifestText.Problem(text));
    }

    [Theory]
    [InlineData("\"quantise\": {}", "QB1011: Unknown key 'quantise'; did you mean 'quantize'?")]
    [InlineData("\"quantize\": { \"lowrank\": {} }", "QB1011: Unknown key 'quantize.lowrank'; did you mean 'lowRank'?")]
    [InlineData("\"quantize\": { \"smooth\": { \"aplha\": 1 } }", "QB1011: Unknown key 'quantize.smooth.aplha'; did you mean 'alpha'?")]
    [InlineData("\"gates\": { \"banana\": 1 }",
        "QB1011: Unknown key 'gates.banana'; known keys are maxRelativeError, maxErrorVsRtn, minCosine, maxFinalLatentError, severity, "
            + "rules")]
    [InlineData("\"gates\": { \"minCosine\": 1.5 }", "QB1014: 'gates.minCosine' is 1.5, but must be above 0 and at most 1")]
    [InlineData("\"gates\": { \"severity\": \"fatal\" }", "QB1015: 'gates.severity' is 'fatal'; values are error, warning")]
    [InlineData("\"gates\": { \"rules\": [{ \"match\": \"*\" }] }",
        "QB1035: The rule has no threshold; it needs at least one of maxRelativeError, maxErrorVsRtn, minCosine")]
    [InlineData("\"gates\": { \"rules\": [{ \"maxFinalLatentError\": 1, \"minCosine\": 1 }] }",
        "QB1011: Unknown key 'gates.rules[0].maxFinalLatentError'; known keys are match, experts, bins, maxRelativeError, "
            + "maxErrorVsRtn, minCosine, severity")]
    [InlineData("\"gates\": { \"rules\": [{ \"match\": \"a..b\", \"minCosine\": 1 }] }",
        "QB1030: 'a..b' is not a pattern of layer names: a part between dots is empty")]
    [InlineData("\"gates\": { \"rules\": [{ \"bins\": [\"lat\"], \"minCosine\": 1 }] }",
        "QB1036: No bin of the rule's experts is called 'lat'; did you mean 'late'?")]
    [InlineData("\"gates\": { \"rules\": [{ \"experts\": [\"high_noise\"], \"bins\": [\"late\"], \"minCosine\": 1 }] }",
        "QB1036: No bin of the rule's experts is called 'late'; the bins are early, mid, boundary")]
    [InlineData("\"gates\": {}, \"gates\": {}", "QB1012: The key 'gates' was already given in line 5")]
    [InlineData("\"quantize\": []", "QB1013: 'quantize' must be an object, not a list")]
    [InlineData("\"quantize\": null", "QB1013: 'quantize' must be an object, not null")]
    [InlineData("\"name\": 5", "QB1013: 'name' must be a text, not a number")]
    [InlineData("\"quantize\": { \"lowRank\": { \"rank\": 1.5 } }", "QB1013: 'quantize.lowRank.rank' must be a whole number, not 1.5")]
    [InlineData("\"quantize\": { \"lowRank\": { \"rank\": 1e-40 } }", "QB1013: 'quantize.lowRank.rank' must be a whole number, not 1e-40")]
    [InlineData("\"quantize\": { \"smooth\": { \"enabled\": 1 } }",
        "QB1013: 'quantize.smooth.enabled' must be true or false, not a number")]
    [InlineData("\"quantize\": { \"smooth\": \"off\" }", "QB1013: 'quantize.smooth' must be an object, not a text")]
    [InlineData("\"output\": { \"shardSize\": true }",
        "QB1013: 'output.shardSize' must be a size such as \"4GiB\" or a number of bytes, not true")]
    [InlineData("\"quantize\": { \"smooth\": { \"alpha\": 1.5 } }", "QB1014: 'quantize.smooth.alpha' is 1.5, but must be between 0 and 1")]
    [InlineData("\"quantize\": { \"smooth\": { \"alpha\": 1e999 } }",
        "QB1014: 'quantize.smooth.alpha' is 1e999, but must be between 0 and 1")]
    [InlineData("\"quantize\": { \"lowRank\": { \"rank\": -1 } }",
        "QB1014: 'quantize.lowRank.rank' is -1, but must be between 0 and 16384")]
    [InlineData("\"quantize\": { \"lowRank\": { \"rank\": 1e40 } }",
        "QB1014: 'quantize.lowRank.rank' is 1e40, but must be between 0 and 16384")]
    [InlineData("\"quantize\": { \"weights\": { \"blockSize\": 96 } }",
        "QB1014: 'quantize.weights.blockSize' is 96, but must be a power of two between 32 and 4096")]
    [InlineData("\"quantize\": { \"weights\": { \"damp\": -0.1 } }",
        "QB1014: 'quantize.weights.damp' is -0.1, but must be between 0 and 1")]
    [InlineData("\"gates\": { \"maxErrorVsRtn\": 0 }", "QB1014: 'gates.maxErrorVsRtn' is 0, but must be above 0 and at most 1000")]
    [InlineData("\"quantize\": { \"activations\": { \"clipRatios\": [0, 1] } }",
        "QB1014: 'quantize.activations.clipRatios[0]' is 0, but must be above 0 and at most 1")]
    [InlineData("\"output\": { \"shardSize\": \"1KiB\" }", "QB1014: 'output.shardSize' is 1KiB, but must be between 64KiB and 1024TiB")]
    [InlineData("\"quantize\": { \"precision\": \"W4A4\" }", "QB1015: 'quantize.precision' is 'W4A4'; did you mean 'w4a4'?")]
    [InlineData("\"quantize\": { \"format\": \"nvfp4\" }", "QB1015: 'quantize.format' is 'nvfp4'; the only value is 'mxfp4'")]
    [InlineData("\"quantize\": { \"activations\": { \"ties\": \"away\" } }",
        "QB1015: 'quantize.activations.ties' is 'away'; values are even, zero")]
    [InlineData("\"quantize\": { \"activations\": { \"clipRatios\": [] } }", "QB1016: The list 'quantize.activations.clipRatios' is empty")]
    [InlineData("\"quantize\": { \"activations\": { \"clipRatios\": [0.6, 0.8, 0.8] } }",
        "QB1017: 'quantize.activations.clipRatios' must ascend without repetition, but 0.8 follows 0.8")]
    [InlineData("\"quantize\": { \"activations\": { \"exponentOffsets\": [1, 0] } }",
        "QB1017: 'quantize.activations.exponentOffsets' must ascend without repetition, but 0 follows 1")]
    [InlineData("\"name\": \"a/b\"",
        "QB1019: 'name' is 'a/b': it names files, so letters, digits, '.', '_' and '-' make it, with a letter, digit or '_' at both ends")]
    public void Keys_and_values_are_checked(string section, string expected) =>
        Assert.Equal(expected, ManifestText.Problem(ManifestText.With(section)));

    [Theory]
    [InlineData("\"source\": \"checkpoint\"", "\"source\": \"s3://bucket/repo\"",
        "QB1019: 'model.source' is 's3://bucket/repo': it must be a folder or file on this machine; download the checkpoint first")]
    [InlineData("\"source\": \"checkpoint\"", "\"source\": \"hf://repo@main\"",
        "QB1019: 'model.source' is 'hf://repo@main': a repository is written hf://owner/name@revision: owner and name are needed, with "
            + "one '/' between them")]
    [InlineData("\"source\": \"checkpoint\"", "\"source\": \"hf://org/repo@a..b\"",
        "QB1019: 'model.source' is 'hf://org/repo@a..b': a repository is written hf://owner/name@revision: the revision breaks the "
            + "rules of git for names")]
    [InlineData("\"source\": \"checkpoint\"", "\"source\": \" \"", "QB1019: 'model.source' is ' ': a path cannot be empty")]
    [InlineData("\"source\": \"checkpoint\"", "\"source\": \"a\\u0000b\"",
        "QB1019: 'model.source' is 'a\\u0000b': a path cannot contain NUL")]
    [InlineData("calibration.jsonl", "calibration.json",
        "QB1019: 'calibration.data' is 'calibration.json': calibration sets are .jsonl files with a .safetensors file of the same name "
            + "beside them")]
    [InlineData("\"low_noise\": {}", "\"low_noise\": { \"weights\": 5 }",
        "QB1013: 'experts.low_noise.weights' must be the expert's folder or an object, not a number")]
    [InlineData("\"low_noise\": {}", "\"low_noise\": 5", "QB1013: 'experts.low_noise' must be an object, not a number")]
    [InlineData("\"low_noise\": {}", "\"low_noise\": {}, \"third\": {}",
        "QB1020: There is no expert 'third'; the experts are high_noise, low_noise")]
    [InlineData(".jsonl\"", ".jsonl\", \"guidance\": true",
        "QB1013: 'calibration.guidance' must be a number, or an object with one number per expert, not true")]
    [InlineData(".jsonl\"", ".jsonl\", \"seed\": -1", "QB1014: 'calibration.seed' is -1, but must be between 0 and 18446744073709551615")]
    public void Required_sections_are_checked(string original, string changed, string expected) =>
        Assert.Equal(expected, ManifestText.Problem(ManifestText.Minimal.Replace(original, changed)));

    [Theory]
    [InlineData("{ \"match\": \"\", \"precision\": \"bf16\" }", "QB1030: '' is not a pattern of layer names: it is empty")]
    [InlineData("{ \"match\": \"blocks..o\", \"precision\": \"bf16\" }",
        "QB1030: 'blocks..o' is not a pattern of layer names: a part between dots is empty")]
    [InlineData("{ \"match\": \"blocks.5-3.o\", \"precision\": \"bf16\" }",
        "QB1030: 'blocks.5-3.o' is not a pattern of layer names: the range '5-3' is empty")]
    [InlineData("{ \"match\": \"blocks.3-x.o\", \"precision\": \"bf16\" }",
        "QB1030: 'blocks.3-x.o' is not a pattern of layer names: '3-x' is not a range of numbers such as 3-5")]
    [InlineData("{ \"match\": \"blocks.[3].o\", \"precision\": \"bf16\" }",
        "QB1030: 'blocks.[3].o' is not a pattern of layer names: '[' cannot occur in the name of a layer")]
    [InlineData("{ \"match\": \"*\" }", "QB1031: The override changes no setting")]
    [InlineData("{ \"match\": \"*\", \"smooth\": {} }", "QB1031: The override changes no setting")]
    [InlineData("{ \"precision\": \"bf16\" }", "QB1010: The key 'overrides[0].match' is missing")]
    [InlineData("{ \"match\": \"*\", \"experts\": [], \"precision\": \"bf16\" }", "QB1016: The list 'overrides[0].experts' is empty")]
    [InlineData("{ \"match\": \"*\", \"experts\": [\"high_nose\"], \"precision\": \"bf16\" }",
        "QB1020: There is no expert 'high_nose'; did you mean 'high_noise'?")]
    [InlineData("{ \"match\": \"*\", \"experts\": [\"low_noise\", \"low_noise\"], \"precision\": \"bf16\" }",
        "QB1018: 'overrides[0].experts' lists 'low_noise' twice")]
    [InlineData("\"blocks.*\"", "QB1013: 'overrides[0]' must be an object, not a text")]
    public void Overrides_are_checked(string section, string expected) =>
        Assert.Equal(expected, ManifestText.Problem(ManifestText.With($"\"overrides\": [{section}]")));

    [Fact]
    public void A_repeated_key_is_reported_at_its_second_place() =>
        Assert.Equal(["QB1012 6:1"], ManifestText.Problems(ManifestText.With("\"gates\": {},\n\"gates\": {}")));

    [Fact]
    public void A_name_that_cannot_come_from_the_file_must_be_given()
    {
        ManifestReadResult result =
            ManifestReader.ReadText("/project/.quant.json", System.Text.Encoding.UTF8.GetBytes(ManifestText.Minimal));

        Assert.Equal(Descriptors.InvalidText, Assert.Single(result.Diagnostics).Descriptor);
    }
}
