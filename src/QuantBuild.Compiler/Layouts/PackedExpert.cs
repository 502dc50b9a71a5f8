using System.Runtime.InteropServices;
using QuantBuild.Compiler.Actions;
using QuantBuild.Compiler.Planning;
using QuantBuild.Compiler.Store;
using QuantBuild.Compiler.Work;
using QuantBuild.Formats;
using QuantBuild.SafeTensors;

namespace QuantBuild.Compiler.Layouts;

/// <summary>An expert while its files are written. Nothing is read before it is written, so memory holds one tensor at a time.</summary>
/// <param name="context">The build.</param>
/// <param name="source">The expert's checkpoint.</param>
/// <param name="layers">All of its layers.</param>
internal sealed class PackedExpert(BuildContext context, ExpertSource source, IReadOnlyList<BuiltLayer> layers)
{
    private readonly Dictionary<string, BlobRef> _files = new(StringComparer.Ordinal);
    private readonly PackedLayer[] _layers =
        [.. layers.Where(layer => layer.Weights is not null).Select(layer => new PackedLayer(context, layer))];

    /// <summary>The expert as planned.</summary>
    public ExpertPlan Plan => source.Plan;

    /// <summary>Its <c>config.json</c> under the original field names.</summary>
    public ReadOnlyMemory<byte> ConfigJson => source.ConfigJson;

    /// <summary>Layers in 4 bits.</summary>
    public IReadOnlyList<PackedLayer> Layers => _layers;

    /// <summary>What was added so far.</summary>
    public IReadOnlyDictionary<string, BlobRef> Files => _files;

    /// <summary>A tensor as the source has it, or in the element type that is asked for.</summary>
    /// <param name="name">Its original name.</param>
    /// <param name="castTo">The element type; null for the one that the manifest says.</param>
    /// <param name="newName">The name to write it under; null keeps it.</param>
    public TensorData Kept(string name, DType? castTo = null, string? newName = null)
    {
        TensorInfo tensor = source.Checkpoint.Tensors[name];
        DType target = castTo ?? context.Plan.Manifest.Output.KeptDtype ?? source.Checkpoint.KeptTypeOf(name);
        if (target == tensor.DType)
            return TensorData.Copy(source.Checkpoint, name, newName);
        return new TensorData(newName ?? name, target, tensor.Shape, stream =>
            WriteFloats(stream, source.Checkpoint.ReadFloat32(name), target));
    }

    /// <summary>Adds a small file.</summary>
    public void Add(string name, ReadOnlySpan<byte> content) => _files.Add(name, new BlobRef(context.Store.Put(content), content.Length));

    /// <summary>Adds tensors as one file.</summary>
    public void Add(string name, IEnumerable<TensorData> tensors) =>
        _files.Add(name, context.Store.StoreTensors([.. tensors.Select(Cancellable)]));

    /// <summary>Adds tensors as files of at most the size that the manifest says, and an index when there are several.</summary>
    public void AddSharded(IEnumerable<TensorData> tensors)
    {
        ShardPlan shards = ShardPlan.Divide(tensors.Select(Cancellable), context.Plan.Manifest.Output.ShardSize);
        foreach (Shard shard in shards.Shards)
            _files.Add(shard.FileName, context.Store.StoreTensors(shard.Tensors));
        if (shards.IndexFileName is { } index)
            Add(index, shards.Index.Span);
    }

    /// <summary>Writes float32 values as float32, float16 or bfloat16.</summary>
    public static void WriteFloats(Stream stream, float[] values, DType type)
    {
        if (type == DType.F32)
        {
            stream.Write(MemoryMarshal.AsBytes(values.AsSpan()));
            return;
        }
        var rounded = new ushort[values.Length];
        if (type == DType.F16)
            Float16.FromSingle(values, rounded);
        else
            BFloat16.FromSingle(values, rounded);
        stream.Write(MemoryMarshal.AsBytes(rounded.AsSpan()));
    }

    /// <summary>An expert takes minutes to write; a cancelled build should not.</summary>
    private TensorData Cancellable(TensorData tensor) => new(tensor.Name, tensor.DType, tensor.Shape, stream =>
    {
        context.Cancellation.ThrowIfCancellationRequested();
        tensor.Write(stream);
    });
}
