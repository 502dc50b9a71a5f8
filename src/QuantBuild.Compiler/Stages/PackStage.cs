using System.Collections.Immutable;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Planning;
using QuantBuild.Compiler.Store;
using QuantBuild.Formats;
using QuantBuild.SafeTensors;

namespace QuantBuild.Compiler.Stages;

/// <summary>Writes an expert's artifact files: quantized layers, and every other tensor as the source has it.</summary>
internal static class PackStage
{
    /// <summary>Blobs by file name.</summary>
    public static IReadOnlyDictionary<string, BlobRef>? Run(BuildContext context, ExpertSource source, IReadOnlyList<BuiltLayer> layers)
    {
        OutputSection output = context.Plan.Manifest.Output;
        var inputs = new Dictionary<string, Digest>(StringComparer.Ordinal) { ["config"] = Digest.Of(source.ConfigJson.Span) };
        foreach (string kept in source.Plan.KeptTensors)
            inputs.Add(kept, source.Digests[kept]);
        foreach (BuiltLayer layer in layers)
        {
            Add(layer.Plan.Name + "/smooth", layer.Smooth);
            Add(layer.Plan.Name + "/lowrank", layer.LowRank);
            Add(layer.Plan.Name + "/weights", layer.Weights);
            for (int bin = 0; bin < layer.Clips.Length; bin++)
                Add(string.Create(CultureInfo.InvariantCulture, $"{layer.Plan.Name}/clip.{bin:00}"), layer.Clips[bin]);
        }
        var spec = new ActionSpec(Stage.Pack, source.Plan.Name, source.Plan.Name, new JsonObject
        {
            ["layout"] = output.Layout,
            ["shardSize"] = output.ShardSize,
            ["keptDtype"] = output.KeptDtype?.ToString() ?? "source",
        }, inputs);
        return context.Runner.Run(spec, () => Write(context, source, layers), context.Cancellation)?.Outputs;

        void Add(string role, BlobRef? blob)
        {
            if (blob is { } present)
                inputs.Add(role, present.Digest);
        }
    }

    private static Dictionary<string, BlobRef> Write(BuildContext context, ExpertSource source, IReadOnlyList<BuiltLayer> layers)
    {
        var opened = new List<SafeTensorsFile>();
        try
        {
            var tensors = new List<TensorData>();
            foreach (string kept in source.Plan.KeptTensors)
                tensors.Add(Keep(source, kept, context.Plan.Manifest.Output.KeptDtype));
            foreach (BuiltLayer layer in layers.Where(layer => layer.Weights is not null))
                AddLayer(context.Store, layer, tensors, opened);
            tensors = [.. tensors.Select(tensor => Cancellable(tensor, context.Cancellation))];

            var files = new Dictionary<string, BlobRef>(StringComparer.Ordinal)
            {
                ["config.json"] = new BlobRef(context.Store.Put(source.ConfigJson.Span), source.ConfigJson.Length),
            };
            ShardPlan shards = ShardPlan.Divide(tensors, context.Plan.Manifest.Output.ShardSize);
            foreach (Shard shard in shards.Shards)
                files.Add(shard.FileName, context.Store.StoreTensors(shard.Tensors));
            if (shards.IndexFileName is { } index)
                files.Add(index, new BlobRef(context.Store.Put(shards.Index.Span), shards.Index.Length));
            return files;
        }
        finally
        {
            opened.ForEach(file => file.Dispose());
        }
    }

    /// <summary>A tensor as the source has it; cast only when the manifest says so and it is a float. Nothing is read before it is written.</summary>
    private static TensorData Keep(ExpertSource source, string name, DType? castTo)
    {
        TensorInfo tensor = source.Checkpoint.Tensors[name];
        if (castTo is not { } target || target == tensor.DType || tensor.DType is not (DType.F32 or DType.F16 or DType.BF16))
            return TensorData.Copy(source.Checkpoint, name);
        return new TensorData(name, target, tensor.Shape, stream =>
        {
            float[] values = source.Checkpoint.ReadFloat32(name);
            if (target == DType.F32)
            {
                stream.Write(MemoryMarshal.AsBytes(values.AsSpan()));
                return;
            }
            var rounded = new ushort[values.Length];
            BFloat16.FromSingle(values, rounded);
            stream.Write(MemoryMarshal.AsBytes(rounded.AsSpan()));
        });
    }

    /// <summary>An expert takes minutes to write; a cancelled build should not.</summary>
    private static TensorData Cancellable(TensorData tensor, CancellationToken cancellation) => new(tensor.Name, tensor.DType, tensor.Shape, stream =>
    {
        cancellation.ThrowIfCancellationRequested();
        tensor.Write(stream);
    });

    private static void AddLayer(ContentStore store, BuiltLayer layer, List<TensorData> tensors, List<SafeTensorsFile> opened)
    {
        string name = layer.Plan.Name;
        AddFrom(layer.Weights, ("codes", ".weight_packed"), ("scales", ".weight_scale"));
        AddFrom(layer.Smooth, ("scale", ".smooth"));
        AddFrom(layer.LowRank, ("down", ".proj_down"), ("up", ".proj_up"));
        if (layer.Clips.IsEmpty)
            return;
        ClipChoice[] clips = [.. layer.Clips.Select(clip => ClipChoice.FromJson(store.ReadJson(clip)))];
        tensors.Add(TensorData.Of(name + ".clip_ratio", [clips.Length], clips.Select(clip => (float)clip.Ratio).ToArray()));
        tensors.Add(TensorData.Of(name + ".clip_exponent_offset", [clips.Length], clips.Select(clip => clip.Offset).ToArray()));
        if (layer.Plan.Recipe.Activations.Granularity == ClipGranularity.Bin)
            tensors.Add(TensorData.Of(name + ".clip_threshold", [clips.Length], clips.Select(clip => clip.Threshold!.Value).ToArray()));

        void AddFrom(BlobRef? blob, params ReadOnlySpan<(string Tensor, string Suffix)> parts)
        {
            if (blob is not { } present)
                return;
            SafeTensorsFile file = store.OpenTensors(present);
            opened.Add(file);
            foreach ((string tensor, string suffix) in parts)
                tensors.Add(TensorData.Copy(file, tensor, name + suffix));
        }
    }
}
