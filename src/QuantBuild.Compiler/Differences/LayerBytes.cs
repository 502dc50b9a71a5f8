using QuantBuild.SafeTensors;

namespace QuantBuild.Compiler.Differences;

/// <summary>Sizes of layers in an expert's files: of a quantized layer all its tensors, of a kept one its weight and bias.</summary>
internal static class LayerBytes
{
    /// <summary>Bytes of tensors by layer; only headers are read.</summary>
    /// <param name="expert">The expert's name.</param>
    /// <param name="files">Its files; those that are not there, or are no safetensors files, tell nothing.</param>
    public static IEnumerable<KeyValuePair<(string Expert, string Layer), long>> Of(string expert, IEnumerable<string> files) => files
        .SelectMany(Tensors)
        .GroupBy(tensor => LayerOf(tensor.Key), StringComparer.Ordinal)
        .Select(layer => KeyValuePair.Create((expert, layer.Key), layer.Sum(tensor => tensor.Value)));

    private static KeyValuePair<string, long>[] Tensors(string path)
    {
        try
        {
            using SafeTensorsFile file = SafeTensorsFile.Open(path);
            return [.. file.Tensors.Select(tensor => KeyValuePair.Create(tensor.Key, tensor.Value.ByteLength))];
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or SafeTensorsException)
        {
            return [];
        }
    }

    /// <summary>A tensor's name up to its last part, such as <c>blocks.3.ffn.2</c> of <c>blocks.3.ffn.2.codes</c>.</summary>
    private static string LayerOf(string tensor) => tensor.LastIndexOf('.') is var dot and > 0 ? tensor[..dot] : tensor;
}
