using System.Collections.Immutable;
using System.Text.Json.Nodes;
using QuantBuild.Compiler.Json;
using QuantBuild.Compiler.Store;
using QuantBuild.Compiler.Work;
using QuantBuild.Json;

namespace QuantBuild.Compiler.Artifacts;

/// <summary>
/// The measured errors of an artifact's layers as a file beside <c>artifact.json</c>: for cards, gates and people, not for runtimes.
/// </summary>
internal static class ArtifactQuality
{
    /// <summary>Name of the file.</summary>
    public const string FileName = "quality.json";

    private const int Format = 1;

    /// <summary>The file's bytes: canonical, indented, no times.</summary>
    public static byte[] ToJson(IEnumerable<LayerQuality> layers) => CanonicalJson.SerializeIndented(new JsonObject
    {
        ["format"] = Format,
        ["experts"] = new JsonObject(layers.GroupBy(layer => layer.Expert, StringComparer.Ordinal)
            .Select(expert =>
                KeyValuePair.Create(expert.Key,
                    (JsonNode?)new JsonObject(expert.Select(layer => KeyValuePair.Create(layer.Layer, (JsonNode?)ToJson(layer))))))),
    });

    /// <summary>Reads a file; null when it cannot be understood.</summary>
    public static ImmutableArray<LayerQuality>? Parse(byte[] json)
    {
        try
        {
            JsonNode root = CheckedNodes.Parse(json);
            return root.Member("format").Integer() != Format ? null
                : [.. root.Member("experts").Members()
                    .SelectMany(expert => expert.Value.Members().Select(layer => FromJson(expert.Key, layer.Key, layer.Value)))];
        }
        catch (MalformedJsonException)
        {
            return null;
        }
    }

    private static JsonObject ToJson(LayerQuality layer) => new()
    {
        ["rtn"] = layer.Rtn,
        ["svdquant+rtn"] = layer.SvdQuantRtn,
        ["svdquant+gptq"] = layer.SvdQuantGptq,
        ["recipe"] = layer.Recipe,
        ["cosine"] = layer.Cosine,
    };

    private static LayerQuality FromJson(string expert, string name, JsonNode? layer)
    {
        double Value(string method) => layer.Member(method).Number();
        return new LayerQuality(expert, name, Value("rtn"), Value("svdquant+rtn"), Value("svdquant+gptq"), Value("recipe"),
            Value("cosine"));
    }
}
