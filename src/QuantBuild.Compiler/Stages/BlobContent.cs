using System.Text.Json.Nodes;
using QuantBuild.Compiler.Store;
using QuantBuild.SafeTensors;

namespace QuantBuild.Compiler.Stages;

/// <summary>The two kinds of blobs that stages write.</summary>
internal static class BlobContent
{
    /// <summary>Stores tensors as a canonical safetensors file.</summary>
    public static BlobRef StoreTensors(this ContentStore store, params IReadOnlyList<TensorData> tensors)
    {
        using BlobWriter blob = store.CreateBlob();
        SafeTensorsWriter.Write(blob, tensors);
        return new BlobRef(blob.Commit(), blob.Length);
    }

    /// <summary>Stores a value as canonical JSON.</summary>
    public static BlobRef StoreJson(this ContentStore store, JsonObject value)
    {
        byte[] bytes = CanonicalJson.Serialize(value);
        return new BlobRef(store.Put(bytes), bytes.Length);
    }

    /// <summary>Reads what <see cref="StoreJson"/> stored.</summary>
    public static JsonObject ReadJson(this ContentStore store, BlobRef blob) => JsonNode.Parse(store.Read(blob.Digest))!.AsObject();

    /// <summary>Opens what <see cref="StoreTensors"/> stored.</summary>
    public static SafeTensorsFile OpenTensors(this ContentStore store, BlobRef blob) => SafeTensorsFile.Open(store.Open(blob.Digest));
}
