using System.Collections.Immutable;
using System.Text;
using System.Text.Json.Nodes;
using QuantBuild.Artifacts;
using QuantBuild.Formats;

namespace QuantBuild.Tests.Artifacts;

public sealed class ArtifactDescriptorTests
{
    private static readonly string Digest = new('a', 64);

    [Fact]
    public void The_bytes_of_a_descriptor_are_these()
    {
        const string Expected = """
            {
              "format": "quantbuild-artifact",
              "version": 1,
              "name": "tiny \"ä\"",
              "architecture": "wan2.2-i2v",
              "layout": "native",
              "tool": "0.1.0",
              "profile": "cpu-1",
              "plan": "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
              "boundary": 900,
              "sampling": {
                "solver": "unipc",
                "steps": 40,
                "shift": 5
              },
              "experts": {
                "high_noise": {
                  "directory": "high_noise_model",
                  "minTimestep": 900,
                  "maxTimestep": 1000,
                  "files": [
                    {
                      "name": "config.json",
                      "size": 262,
                      "sha256": "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
                    }
                  ],
                  "bins": [
                    {
                      "name": "early",
                      "minTimestep": 950,
                      "maxTimestep": 1000
                    },
                    {
                      "name": "late",
                      "minTimestep": 900,
                      "maxTimestep": 949
                    }
                  ],
                  "layers": {
                    "blocks.0.ffn.2": {
                      "precision": "bf16"
                    },
                    "blocks.0.self_attn.k": {
                      "precision": "w4a16",
                      "rank": 0,
                      "smooth": false
                    },
                    "blocks.0.self_attn.q": {
                      "precision": "w4a4",
                      "rank": 16,
                      "smooth": true,
                      "granularity": "bin",
                      "ties": "even",
                      "clipRatios": [
                        0.9,
                        1
                      ],
                      "exponentOffsets": [
                        0,
                        -1
                      ],
                      "thresholds": [
                        3.4028235E+38,
                        0.1
                      ]
                    }
                  }
                }
              }
            }

            """;
        Assert.Equal(Expected, Encoding.UTF8.GetString(Sample().ToJson()));
    }

    [Fact]
    public void What_is_written_is_read_back()
    {
        byte[] bytes = Sample().ToJson();
        Assert.Equal(bytes, ArtifactDescriptor.Parse(bytes).ToJson());
    }

    [Fact]
    public void The_order_of_files_and_layers_changes_nothing()
    {
        ArtifactDescriptor sample = Sample();
        ArtifactExpert expert = sample.Experts["high_noise"];
        ArtifactFile[] files = [new("b.safetensors", 1, Digest), new("a.safetensors", 2, Digest)];
        ArtifactDescriptor one = sample with { Experts = sample.Experts.SetItem("high_noise", expert with { Files = [.. files] }) };
        ArtifactDescriptor two =
            sample with { Experts = sample.Experts.SetItem("high_noise", expert with { Files = [.. files.Reverse()] }) };
        Assert.Equal(one.ToJson(), two.ToJson());
    }

    [Fact]
    public void Every_property_is_needed()
    {
        JsonNode root = JsonNode.Parse(Sample().ToJson())!;
        int properties = 0;
        foreach (JsonObject parent in Objects(root).ToList())
        {
            foreach ((string name, JsonNode? value) in parent.ToList())
            {
                // Entries of maps are not properties; a map may lack them.
                if (name.Contains("noise", StringComparison.Ordinal) || name.StartsWith("blocks", StringComparison.Ordinal))
                    continue;
                parent.Remove(name);
                var exception =
                    Assert.Throws<ArtifactException>(() => ArtifactDescriptor.Parse(Encoding.UTF8.GetBytes(root.ToJsonString())));
                Assert.Contains(name, exception.Reason, StringComparison.Ordinal);
                parent.Add(name, value);
                properties++;
            }
        }
        Assert.True(properties > 30);
    }

    [Fact]
    public void An_unknown_property_is_refused_wherever_it_is()
    {
        JsonNode root = JsonNode.Parse(Sample().ToJson())!;
        foreach (JsonObject parent in Objects(root).ToList())
        {
            parent.Add("surprise", 1);
            var exception = Assert.Throws<ArtifactException>(() => ArtifactDescriptor.Parse(Encoding.UTF8.GetBytes(root.ToJsonString())));
            Assert.Contains("surprise", exception.Reason, StringComparison.Ordinal);
            parent.Remove("surprise");
        }
    }

    [Theory]
    [InlineData("\"format\": \"quantbuild-artifact\"", "\"format\": \"other\"", "format")]
    [InlineData("\"version\": 1", "\"version\": 2", "version 2")]
    [InlineData("\"version\": 1", "\"version\": 1, \"version\": 1", "version")]
    [InlineData("\"boundary\": 900", "\"boundary\": \"900\"", "boundary")]
    [InlineData("\"boundary\": 900", "\"boundary\": 900.5", "boundary")]
    [InlineData("\"plan\": \"a", "\"plan\": \"A", "plan")]
    [InlineData("\"steps\": 40", "\"steps\": 0", "steps")]
    [InlineData("\"shift\": 5", "\"shift\": 0", "shift")]
    [InlineData("\"shift\": 5", "\"shift\": 1e999", "shift")]
    [InlineData("\"directory\": \"high_noise_model\"", "\"directory\": \"../high_noise_model\"", "directory")]
    [InlineData("\"directory\": \"high_noise_model\"", "\"directory\": \"/tmp\"", "directory")]
    [InlineData("\"directory\": \"high_noise_model\"", "\"directory\": \"\"", "directory")]
    [InlineData("\"name\": \"config.json\"", "\"name\": \"../config.json\"", "files")]
    [InlineData("\"name\": \"config.json\"", "\"name\": \"config.exe\"", "files")]
    [InlineData("\"size\": 262", "\"size\": -1", "files")]
    [InlineData("\"sha256\": \"aa", "\"sha256\": \"a", "sha256")]
    [InlineData("\"maxTimestep\": 949", "\"maxTimestep\": 948", "949 is in no bin")]
    [InlineData("\"maxTimestep\": 949", "\"maxTimestep\": 950", "950 is in two bins")]
    [InlineData("\"maxTimestep\": 949", "\"maxTimestep\": 899", "goes from")]
    [InlineData("\"name\": \"late\"", "\"name\": \"early\"", "name twice")]
    [InlineData("\"precision\": \"bf16\"", "\"precision\": \"fp8\"", "precision")]
    [InlineData("\"precision\": \"bf16\"", "\"precision\": \"bf16\", \"rank\": 1", "rank")]
    [InlineData("\"rank\": 16", "\"rank\": -1", "rank")]
    [InlineData("\"smooth\": true", "\"smooth\": 1", "smooth")]
    [InlineData("\"granularity\": \"bin\"", "\"granularity\": \"row\"", "granularity")]
    [InlineData("\"granularity\": \"bin\"", "\"granularity\": \"block\"", "thresholds")]
    [InlineData("\"ties\": \"even\"", "\"ties\": \"up\"", "ties")]
    [InlineData("0.9,", "0.9, 0.9,", "clipRatios has 3")]
    [InlineData("0.9,", "0,", "clipRatios")]
    [InlineData("0.9,", "1.01,", "clipRatios")]
    [InlineData("-1\n", "-17\n", "exponentOffsets")]
    [InlineData("-1\n", "-1, 2\n", "exponentOffsets has 3")]
    [InlineData("3.4028235E+38,", "-1,", "thresholds")]
    [InlineData("3.4028235E+38,", "1, 1,", "thresholds has 3")]
    [InlineData("3.4028235E+38,", "1e39,", "thresholds")]
    public void A_value_that_breaks_a_rule_is_refused_with_its_place(string old, string replacement, string expected)
    {
        string json = Encoding.UTF8.GetString(Sample().ToJson());
        Assert.Contains(old, json, StringComparison.Ordinal);
        string broken = json.Replace(old, replacement, StringComparison.Ordinal);
        var exception = Assert.Throws<ArtifactException>(() => ArtifactDescriptor.Parse(Encoding.UTF8.GetBytes(broken)));
        Assert.Contains(expected, exception.Reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("{\"format\":\"\\ud800\"}")]
    [InlineData("null")]
    public void What_is_no_json_object_is_refused(string json) =>
        Assert.Throws<ArtifactException>(() => ArtifactDescriptor.Parse(Encoding.UTF8.GetBytes(json)));

    [Fact]
    public void An_expert_without_bins_is_refused()
    {
        ArtifactDescriptor sample = Sample();
        ArtifactExpert expert = sample.Experts["high_noise"] with { Bins = [] };
        byte[] json = (sample with { Experts = sample.Experts.SetItem("high_noise", expert) }).ToJson();
        Assert.Contains("no bins", Assert.Throws<ArtifactException>(() => ArtifactDescriptor.Parse(json)).Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void A_rotation_is_kept_and_may_be_missing()
    {
        string json = Encoding.UTF8.GetString(Sample().ToJson());
        Assert.DoesNotContain("rotation", json, StringComparison.Ordinal);
        string rotated = json.Replace("\"smooth\": true,", "\"smooth\": true,\n          \"rotation\": \"hadamard32\",",
            StringComparison.Ordinal);
        Assert.NotEqual(json, rotated);

        ArtifactDescriptor read = ArtifactDescriptor.Parse(Encoding.UTF8.GetBytes(rotated));

        Assert.Contains(read.Experts.Values.SelectMany(expert => expert.Layers.Values), layer =>
            layer.Rotation == ArtifactLayer.Hadamard32);
        Assert.Contains("\"rotation\": \"hadamard32\"", Encoding.UTF8.GetString(read.ToJson()), StringComparison.Ordinal);
        ArtifactException error = Assert.Throws<ArtifactException>(() => ArtifactDescriptor.Parse(
            Encoding.UTF8.GetBytes(rotated.Replace("hadamard32", "hadamard64", StringComparison.Ordinal))));
        Assert.Contains("rotation", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_arithmetic_of_each_group_of_stages_is_kept_and_may_be_missing()
    {
        ArtifactDescriptor both = Sample() with
        {
            Profiles = ImmutableSortedDictionary.Create<string, string>(StringComparer.Ordinal).Add("model", "m").Add("layers", "l"),
        };

        Assert.Equal([KeyValuePair.Create("layers", "l"), KeyValuePair.Create("model", "m")],
            ArtifactDescriptor.Parse(both.ToJson()).Profiles);
        Assert.Empty(ArtifactDescriptor.Parse(Sample().ToJson()).Profiles);
        byte[] wrong = Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(both.ToJson()).Replace("\"m\"", "5", StringComparison.Ordinal));
        Assert.Contains("profiles.model", Assert.Throws<ArtifactException>(() => ArtifactDescriptor.Parse(wrong)).Reason,
            StringComparison.Ordinal);
    }

    private static ArtifactDescriptor Sample() => new()
    {
        Name = "tiny \"ä\"",
        Architecture = "wan2.2-i2v",
        Layout = "native",
        Tool = "0.1.0",
        Profile = "cpu-1",
        Plan = Digest,
        Boundary = 900,
        Sampling = new ArtifactSampling("unipc", 40, 5),
        Experts = ImmutableSortedDictionary.Create<string, ArtifactExpert>(StringComparer.Ordinal).Add("high_noise", new ArtifactExpert
        {
            Directory = "high_noise_model",
            MinTimestep = 900,
            MaxTimestep = 1000,
            Files = [new ArtifactFile("config.json", 262, Digest)],
            Bins = [new ArtifactBin("early", 950, 1000), new ArtifactBin("late", 900, 949)],
            Layers = ImmutableSortedDictionary.Create<string, ArtifactLayer>(StringComparer.Ordinal)
                .Add("blocks.0.self_attn.q", new ArtifactLayer
                {
                    Precision = ArtifactLayer.W4A4,
                    Rank = 16,
                    Smooth = true,
                    Granularity = ArtifactLayer.PerBin,
                    Ties = "even",
                    Clips = [new ClipSetting(0.9f, 0, float.MaxValue), new ClipSetting(1, -1, 0.1f)],
                })
                .Add("blocks.0.self_attn.k", new ArtifactLayer { Precision = ArtifactLayer.W4A16 })
                .Add("blocks.0.ffn.2", new ArtifactLayer { Precision = ArtifactLayer.BF16 }),
        }),
    };

    private static IEnumerable<JsonObject> Objects(JsonNode node) => node switch
    {
        JsonObject parent => parent.Where(child => child.Key is not ("experts" or "layers")).SelectMany(child => Descendants(child.Value))
            .Concat(parent.Where(child => child.Key is "experts" or "layers")
                .SelectMany(map => map.Value!.AsObject().SelectMany(entry => Descendants(entry.Value))))
            .Prepend(parent),
        JsonArray array => array.SelectMany(Descendants),
        _ => [],
    };

    private static IEnumerable<JsonObject> Descendants(JsonNode? node) => node is null ? [] : Objects(node);
}
