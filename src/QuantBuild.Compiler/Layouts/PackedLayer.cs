using System.Runtime.InteropServices;
using QuantBuild.Compiler.Actions;
using QuantBuild.Compiler.Planning;
using QuantBuild.Compiler.Quantizers;
using QuantBuild.Compiler.Store;
using QuantBuild.Compiler.Work;
using QuantBuild.Formats;
using QuantBuild.Matrices;
using QuantBuild.SafeTensors;

namespace QuantBuild.Compiler.Layouts;

/// <summary>
/// A layer in 4 bits while it is written. Its blobs are open only while they are read: an expert has more of them than a process may have
/// files.
/// </summary>
/// <param name="context">The build.</param>
/// <param name="layer">What the stages made of it.</param>
internal sealed class PackedLayer(BuildContext context, BuiltLayer layer)
{
    /// <summary>The layer as planned.</summary>
    public LayerPlan Plan => layer.Plan;

    /// <summary>Whether it has a low-rank branch.</summary>
    public bool HasLowRank => layer.LowRank is not null;

    /// <summary>Whether its input is smoothed.</summary>
    public bool IsSmoothed => layer.Smooth is not null;

    /// <summary>The choice per bin; empty when activations are not quantized.</summary>
    public IReadOnlyList<ClipSetting> Clips { get; } = [.. layer.Clips.Select(clip => clip.Value.Setting)];

    /// <summary>Its E2M1 codes, U8 [out, in/2], even columns in the low nibble.</summary>
    public TensorData Codes(string name) => Copy(layer.Weights?.Weights, "codes", name);

    /// <summary>Its E8M0 scales, U8 [out, in/32].</summary>
    public TensorData Scales(string name) => Copy(layer.Weights?.Weights, "scales", name);

    /// <summary>Its smoothing vector, F32 [in].</summary>
    public TensorData Smooth(string name) => Copy(layer.Smooth, "scale", name);

    /// <summary>The factor A of its low-rank branch, BF16 [rank, in].</summary>
    public TensorData Down(string name) => Copy(layer.LowRank?.Factors, "down", name);

    /// <summary>The factor B of its low-rank branch, BF16 [out, rank].</summary>
    public TensorData Up(string name) => Copy(layer.LowRank?.Factors, "up", name);

    /// <summary>The values of <see cref="Scales"/>.</summary>
    public byte[] ReadScales()
    {
        using SafeTensorsFile file = Open(layer.Weights?.Weights);
        return file.Bytes("scales").ToArray();
    }

    /// <summary>The values of <see cref="Smooth"/>; empty without smoothing.</summary>
    public float[] ReadSmooth()
    {
        if (!IsSmoothed)
            return [];
        using SafeTensorsFile file = Open(layer.Smooth);
        return file.ReadFloat32("scale");
    }

    /// <summary>
    /// What the layer multiplies unsmoothed inputs by when its activations stay as they are: <c>(Q + B A) / s</c>, [out, in].
    /// </summary>
    public float[] Dequantize()
    {
        (int rows, int columns) = (Plan.OutFeatures, Plan.InFeatures);
        using SafeTensorsFile weights = Open(layer.Weights?.Weights);
        float[] weight = new PackedWeight(rows, columns, weights.Bytes("codes").ToArray(), weights.Bytes("scales").ToArray()).Dequantize();
        if (HasLowRank)
        {
            using SafeTensorsFile file = Open(layer.LowRank?.Factors);
            var branch = LowRankBranch.FromBits(rows, columns, MemoryMarshal.Cast<byte, ushort>(file.Bytes("up")).ToArray(),
                MemoryMarshal.Cast<byte, ushort>(file.Bytes("down")).ToArray());
            // The kernel subtracts: -(-Q - B A).
            Negate(weight);
            branch.SubtractFrom(new MatrixView(weight, rows, columns));
            Negate(weight);
        }
        // The transform of W H / 32, undone: H H is 32 times the identity.
        if (layer.Rotation == Rotation.Hadamard32)
            Smoothing.Unrotate(new MatrixView(weight, rows, columns));
        if (ReadSmooth() is { Length: > 0 } scale)
        {
            for (int i = 0; i < weight.Length; i++)
                weight[i] /= scale[i % columns];
        }
        return weight;
    }

    private TensorData Copy(BlobRef? blob, string tensor, string name)
    {
        using SafeTensorsFile described = Open(blob);
        TensorInfo info = described.Tensors[tensor];
        return new TensorData(name, info.DType, info.Shape, stream =>
        {
            using SafeTensorsFile file = Open(blob);
            TensorData.Copy(file, tensor).Write(stream);
        });
    }

    private SafeTensorsFile Open(BlobRef? blob) =>
        context.Store.OpenTensors(blob ?? throw new InvalidOperationException($"'{Plan.Name}' has no such part"));

    private static void Negate(float[] values)
    {
        for (int i = 0; i < values.Length; i++)
            values[i] = -values[i];
    }
}
