using System.Text.Json.Nodes;
using QuantBuild.Compiler.Store;
using QuantBuild.SafeTensors;

namespace QuantBuild.Compiler.Layouts;

/// <summary>
/// Ascend's msModelSlim, <c>W4A4_MXFP4</c>, one file per expert and a description that labels every tensor. A smoothed layer's tensors move
/// to <c>X.linear.*</c>, and <c>X.div.mul_scale</c> is what its input is multiplied by. It has no place for a low-rank branch or clip
/// ratios.
/// </summary>
internal sealed class ModelSlimLayout : ILayout
{
    private const string Type = "W4A4_MXFP4";
    private const string Float = "FLOAT";

    public string DirectoryOf(string expert) => expert + "_model";

    public void Write(PackedExpert expert)
    {
        var labels = new JsonObject { ["model_quant_type"] = Type, ["version"] = "1.0.0", ["group_size"] = 32 };
        HashSet<string> biases = [.. expert.Layers.Select(layer => layer.Plan.Name + ".bias")];
        List<TensorData> tensors =
            [.. expert.Plan.KeptTensors.Where(name => !biases.Contains(name)).Select(name => expert.Kept(name, DType.BF16))];
        foreach (TensorData kept in tensors)
            labels[kept.Name] = Float;
        foreach (PackedLayer layer in expert.Layers)
        {
            string name = layer.Plan.Name, linear = layer.IsSmoothed ? name + ".linear" : name;
            Add(layer.Codes(linear + ".weight"), Type);
            Add(layer.Scales(linear + ".weight_scale"), Type);
            Add(expert.Kept(name + ".bias", DType.F32, linear + ".bias"), Float);
            if (layer.IsSmoothed)
                Add(new TensorData(name + ".div.mul_scale", DType.F32, [layer.Plan.InFeatures], stream =>
                    PackedExpert.WriteFloats(stream, Reciprocals(layer.ReadSmooth()), DType.F32)), Float);
        }
        expert.Add("config.json", expert.ConfigJson.Span);
        expert.Add("quant_model_description_w4a4_mxfp4.json", CanonicalJson.SerializeIndented(labels));
        expert.Add("quant_model_weight_w4a4_mxfp4.safetensors", tensors);

        void Add(TensorData tensor, string label)
        {
            tensors.Add(tensor);
            labels[tensor.Name] = label;
        }
    }

    private static float[] Reciprocals(float[] scale) => [.. scale.Select(value => 1 / value)];
}
