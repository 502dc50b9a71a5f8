using System.Text.Json.Nodes;
using QuantBuild.Compiler.Json;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Store;
using QuantBuild.SafeTensors;

namespace QuantBuild.Compiler.Layouts;

/// <summary>
/// compressed-tensors' <c>mxfp4-pack-quantized</c>: <c>X.weight_packed</c> and <c>X.weight_scale</c> in U8, and a
/// <c>quantization_config</c> in <c>config.json</c>. It has no place for a low-rank branch, smoothing or clip ratios.
/// </summary>
internal sealed class CompressedTensorsLayout : ILayout
{
    private const string Format = "mxfp4-pack-quantized";

    public string DirectoryOf(string expert) => expert + "_model";

    public void Write(PackedExpert expert)
    {
        JsonObject config = CheckedNodes.Parse(expert.ConfigJson.Span).Members();
        config["quantization_config"] = Configuration(expert);
        expert.Add("config.json", CanonicalJson.SerializeIndented(config));
        expert.AddSharded(expert.Plan.KeptTensors.Select(name => expert.Kept(name))
            .Concat(expert.Layers.SelectMany(layer =>
                (TensorData[])[layer.Codes(layer.Plan.Name + ".weight_packed"), layer.Scales(layer.Plan.Name + ".weight_scale")])));
    }

    private static JsonObject Configuration(PackedExpert expert)
    {
        var groups = new JsonObject();
        foreach (IGrouping<Precision, PackedLayer> group in expert.Layers.GroupBy(layer => layer.Plan.Recipe.Precision)
            .OrderBy(group => group.Key))
        {
            groups[FormattableString.Invariant($"group_{groups.Count}")] = new JsonObject
            {
                ["targets"] = Names(group.Select(layer => layer.Plan.Name)),
                ["format"] = Format,
                ["weights"] = Quantization(dynamic: false),
                ["input_activations"] = group.Key == Precision.W4A4 ? Quantization(dynamic: true) : null,
                ["output_activations"] = null,
            };
        }
        return new JsonObject
        {
            ["quant_method"] = "compressed-tensors",
            ["format"] = Format,
            ["quantization_status"] = "compressed",
            ["global_compression_ratio"] = null,
            ["kv_cache_scheme"] = null,
            ["sparsity_config"] = new JsonObject(),
            ["transform_config"] = new JsonObject(),
            ["config_groups"] = groups,
            // Modules by name: every other tensor pair of weight and bias that is a matrix, or a convolution.
            ["ignore"] = Names(expert.Plan.KeptTensors.Where(name => name.EndsWith(".weight", StringComparison.Ordinal)
                && !name.Contains("norm", StringComparison.Ordinal))
                .Select(name => name[..^".weight".Length])),
        };
    }

    private static JsonObject Quantization(bool dynamic) => new()
    {
        ["num_bits"] = 4,
        ["type"] = "float",
        ["strategy"] = "group",
        ["group_size"] = 32,
        ["symmetric"] = true,
        ["dynamic"] = dynamic,
        ["scale_dtype"] = "torch.uint8",
        ["zp_dtype"] = null,
    };

    private static JsonArray Names(IEnumerable<string> names) => [.. names.Order(StringComparer.Ordinal).Select(name => (JsonNode)name)];
}
