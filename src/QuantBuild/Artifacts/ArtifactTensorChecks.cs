using System.Runtime.InteropServices;
using QuantBuild.Formats;
using QuantBuild.Kernels;
using QuantBuild.Models.Wan;
using QuantBuild.SafeTensors;

namespace QuantBuild.Artifacts;

/// <summary>Holds an expert's tensors against its descriptor.</summary>
internal sealed class ArtifactTensorChecks(ArtifactExpert expert, ShardedCheckpoint tensors, string directory)
{
    /// <exception cref="ArtifactException">A tensor is missing, unexpected, of another type or shape, or has impossible values.</exception>
    public void Check(WanConfig config)
    {
        CheckLayers(config);
        var expected = new HashSet<string>(StringComparer.Ordinal);
        foreach ((string name, DType? type, IReadOnlyList<long> shape) in ArtifactTensors.Expected(expert, config))
        {
            expected.Add(name);
            CheckTensor(name, type, shape);
        }
        foreach (string name in tensors.Tensors.Keys)
        {
            if (!expected.Contains(name))
                throw new ArtifactException($"tensor '{name}' belongs to no layer the descriptor lists", tensors.FileOf(name));
        }
        foreach ((string name, ArtifactLayer layer) in expert.Layers)
        {
            if (layer.IsQuantized)
                CheckValues(name, layer);
        }
    }

    private void CheckLayers(WanConfig config)
    {
        var layers = Enumerable.Range(0, config.NumLayers)
            .SelectMany(block => WanLayers.Names, (block, name) => WanTensors.BlockPrefix(block) + name).ToHashSet(StringComparer.Ordinal);
        foreach (string name in layers)
        {
            if (!expert.Layers.ContainsKey(name))
                throw new ArtifactException($"the descriptor does not list layer '{name}'", directory);
        }
        foreach (string name in expert.Layers.Keys)
        {
            if (!layers.Contains(name))
                throw new ArtifactException($"the descriptor lists layer '{name}', which the configuration does not have", directory);
        }
    }

    private void CheckTensor(string name, DType? type, IReadOnlyList<long> shape)
    {
        if (!tensors.Tensors.TryGetValue(name, out TensorInfo? tensor))
            throw new ArtifactException($"there is no tensor '{name}'", directory);
        if (!tensor.Shape.SequenceEqual(shape))
            throw Wrong(name, $"is [{string.Join(", ", tensor.Shape)}] instead of [{string.Join(", ", shape)}]");
        if (type is null ? tensor.DType is not (DType.F32 or DType.F16 or DType.BF16) : tensor.DType != type)
            throw Wrong(name, $"is {tensor.DType} instead of {type?.ToString() ?? "F32, F16 or BF16"}");
    }

    private void CheckValues(string layer, ArtifactLayer entry)
    {
        if (tensors.Bytes(layer + ArtifactTensors.Scales).Contains(E8M0.NaN))
            throw Wrong(layer + ArtifactTensors.Scales, "has the scale 255, which is no number");
        CheckFinite(layer + ArtifactTensors.Bias);
        if (entry.Smooth && CheckFinite(layer + ArtifactTensors.Smooth).Any(scale => scale <= 0))
            throw Wrong(layer + ArtifactTensors.Smooth, "has a scale that is not positive");
        if (entry.Rank > 0)
        {
            CheckFinite(layer + ArtifactTensors.Down);
            CheckFinite(layer + ArtifactTensors.Up);
        }
        if (entry.Precision == ArtifactLayer.W4A4)
        {
            CheckTable(layer + ArtifactTensors.ClipRatio, [.. entry.Clips.Select(clip => clip.Ratio)]);
            CheckTable(layer + ArtifactTensors.ClipExponentOffset, [.. entry.Clips.Select(clip => clip.ExponentOffset)]);
            if (entry.Granularity == ArtifactLayer.PerBin)
                CheckTable(layer + ArtifactTensors.ClipThreshold, [.. entry.Clips.Select(clip => clip.Threshold!.Value)]);
        }
    }

    private float[] CheckFinite(string name)
    {
        float[] values = tensors.ReadFloat32(name);
        return Finite.IsFinite(values) ? values : throw Wrong(name, "has values that are not finite");
    }

    private void CheckTable<T>(string name, T[] expected)
        where T : unmanaged, IEquatable<T>
    {
        if (!MemoryMarshal.Cast<byte, T>(tensors.Bytes(name)).SequenceEqual(expected))
            throw Wrong(name, "differs from the descriptor");
    }

    private ArtifactException Wrong(string name, string what) => new($"tensor '{name}' {what}", tensors.FileOf(name));
}
