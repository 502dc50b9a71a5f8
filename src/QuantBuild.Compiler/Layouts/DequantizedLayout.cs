using QuantBuild.SafeTensors;

namespace QuantBuild.Compiler.Layouts;

/// <summary>
/// Plain weights in bfloat16 under the original names, for tools that know nothing of quantization: what is left is the rounding of
/// weights.
/// </summary>
internal sealed class DequantizedLayout : ILayout
{
    public string DirectoryOf(string expert) => expert + "_model";

    public void Write(PackedExpert expert)
    {
        expert.Add("config.json", expert.ConfigJson.Span);
        expert.AddSharded(Tensors(expert, name => name));
    }

    /// <summary>All tensors of an expert under other names.</summary>
    public static IEnumerable<TensorData> Tensors(PackedExpert expert, Func<string, string> rename) =>
        expert.Plan.KeptTensors.Select(name => expert.Kept(name, newName: rename(name)))
            .Concat(expert.Layers.Select(layer =>
                new TensorData(rename(layer.Plan.WeightName), DType.BF16, [layer.Plan.OutFeatures, layer.Plan.InFeatures],
                stream => PackedExpert.WriteFloats(stream, layer.Dequantize(), DType.BF16))));
}
