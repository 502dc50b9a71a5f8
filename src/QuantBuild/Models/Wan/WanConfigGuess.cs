using System.Globalization;
using QuantBuild.SafeTensors;

namespace QuantBuild.Models.Wan;

/// <summary>
/// The configuration of an expert whose file comes without <c>config.json</c>, as ComfyUI's do: from the shapes of its tensors. What shapes
/// do not tell is as in every published Wan model: heads of 128 channels, 512 text tokens, epsilon 1e-6.
/// </summary>
internal static class WanConfigGuess
{
    private const int HeadDim = 128;

    /// <summary>The configuration.</summary>
    /// <param name="tensors">Tensors by their original names.</param>
    /// <exception cref="InvalidDataException">They are not those of an expert.</exception>
    public static WanConfig From(IReadOnlyDictionary<string, TensorInfo> tensors)
    {
        long dim = Dimension("patch_embedding.weight", 5, 0), ffn = Dimension("blocks.0.ffn.0.weight", 2, 0);
        long output = Dimension("head.head.weight", 2, 0);
        if (dim % HeadDim != 0 || output % Kernels.Patches.Size != 0)
            throw new InvalidDataException(string.Create(CultureInfo.InvariantCulture,
                $"a width of {dim} and {output} outputs are those of no Wan model; put its config.json beside the file"));
        int layers = 0;
        while (tensors.ContainsKey(WanTensors.BlockPrefix(layers) + "ffn.0.weight"))
            layers++;
        return new WanConfig
        {
            Dim = (int)dim,
            FfnDim = (int)ffn,
            NumHeads = (int)(dim / HeadDim),
            NumLayers = layers,
            InDim = (int)Dimension("patch_embedding.weight", 5, 1),
            OutDim = (int)(output / Kernels.Patches.Size),
            TextDim = (int)Dimension("text_embedding.0.weight", 2, 1),
            FreqDim = (int)Dimension("time_embedding.0.weight", 2, 1),
        };

        long Dimension(string name, int rank, int at) => tensors.TryGetValue(name, out TensorInfo? tensor)
            ? tensor.Shape.Count == rank && tensor.Shape[at] is > 0 and <= 1 << 20
                ? tensor.Shape[at]
                : throw new InvalidDataException($"'{name}' is [{string.Join(',', tensor.Shape)}], which no Wan model has")
            : throw new InvalidDataException($"there is no tensor '{name}', so this is no expert of a Wan model");
    }
}
