using QuantBuild.Formats;
using QuantBuild.Models.Wan;
using QuantBuild.SafeTensors;

namespace QuantBuild.Artifacts;

/// <summary>The tensors of an artifact's expert: names, shapes, element types, and values that must make sense.</summary>
/// <remarks>
/// A quantized layer X has <c>X.weight_packed</c> U8 [N, K/2], <c>X.weight_scale</c> U8 [N, K/32], <c>X.bias</c>; <c>X.smooth</c> F32 [K]
/// when it is smoothed; <c>X.proj_down</c> BF16 [R, K] and <c>X.proj_up</c> BF16 [N, R] when its rank is not 0; and, when its activations
/// are quantized, <c>X.clip_ratio</c> F32 [bins], <c>X.clip_exponent_offset</c> I32 [bins] and, with thresholds, <c>X.clip_threshold</c>
/// F32 [bins]. Every other tensor has its name in the checkpoint.
/// </remarks>
internal static class ArtifactTensors
{
    /// <summary>Suffix of the packed codes.</summary>
    public const string Codes = ".weight_packed";

    /// <summary>Suffix of the block scales.</summary>
    public const string Scales = ".weight_scale";

    /// <summary>Suffix of the bias.</summary>
    public const string Bias = ".bias";

    /// <summary>Suffix of the smoothing vector.</summary>
    public const string Smooth = ".smooth";

    /// <summary>Suffix of the low-rank branch's first factor.</summary>
    public const string Down = ".proj_down";

    /// <summary>Suffix of the low-rank branch's second factor.</summary>
    public const string Up = ".proj_up";

    /// <summary>Suffix of the clip ratios.</summary>
    public const string ClipRatio = ".clip_ratio";

    /// <summary>Suffix of the exponent offsets.</summary>
    public const string ClipExponentOffset = ".clip_exponent_offset";

    /// <summary>Suffix of the static thresholds.</summary>
    public const string ClipThreshold = ".clip_threshold";

    /// <summary>Every tensor an expert must have; none other may be there.</summary>
    /// <returns>Name, element type (null for any of F32, F16, BF16) and shape.</returns>
    internal static IEnumerable<(string Name, DType? Type, IReadOnlyList<long> Shape)> Expected(ArtifactExpert expert, WanConfig config)
    {
        foreach ((string name, IReadOnlyList<long> shape) in WanTensors.ExpectedShapes(config))
        {
            const string Weight = ".weight";
            string? layer = name.EndsWith(Weight, StringComparison.Ordinal) ? name[..^Weight.Length] : null;
            if (layer is null || !expert.Layers.TryGetValue(layer, out ArtifactLayer? entry) || !entry.IsQuantized)
            {
                yield return (name, null, shape);
                continue;
            }
            foreach ((string suffix, DType type, IReadOnlyList<long> quantizedShape) in Expected(entry, shape[0], (int)shape[1],
                expert.Bins.Length))
                yield return (layer + suffix, type, quantizedShape);
        }
    }

    private static IEnumerable<(string Suffix, DType Type, IReadOnlyList<long> Shape)> Expected(ArtifactLayer layer, long rows, int columns,
        int bins)
    {
        yield return (Codes, DType.U8, [rows, Mxfp4.CodeBytes(columns)]);
        yield return (Scales, DType.U8, [rows, Mxfp4.Blocks(columns)]);
        if (layer.Smooth)
            yield return (Smooth, DType.F32, [columns]);
        if (layer.Rank > 0)
        {
            yield return (Down, DType.BF16, [layer.Rank, columns]);
            yield return (Up, DType.BF16, [rows, layer.Rank]);
        }
        if (layer.Precision == ArtifactLayer.W4A4)
        {
            yield return (ClipRatio, DType.F32, [bins]);
            yield return (ClipExponentOffset, DType.I32, [bins]);
            if (layer.Granularity == ArtifactLayer.PerBin)
                yield return (ClipThreshold, DType.F32, [bins]);
        }
    }
}
