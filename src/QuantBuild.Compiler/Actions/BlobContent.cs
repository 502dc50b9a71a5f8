using System.Text.Json.Nodes;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Json;
using QuantBuild.Compiler.Store;
using QuantBuild.Json;
using QuantBuild.SafeTensors;

namespace QuantBuild.Compiler.Actions;

/// <summary>The two kinds of blobs that stages write.</summary>
internal static class BlobContent
{
    /// <summary>Stores tensors as a canonical safetensors file.</summary>
    public static BlobRef StoreTensors(this IBlobFiles store, params IReadOnlyList<TensorData> tensors)
    {
        using BlobWriter blob = store.CreateBlob();
        SafeTensorsWriter.Write(blob, tensors);
        return new BlobRef(blob.Commit(), blob.Length);
    }

    /// <summary>Stores a value as canonical JSON.</summary>
    public static BlobRef StoreJson(this IBlobFiles store, JsonObject value)
    {
        byte[] bytes = CanonicalJson.Serialize(value);
        return new BlobRef(store.Put(bytes), bytes.Length);
    }

    /// <summary>Reads what <see cref="StoreJson"/> stored.</summary>
    /// <param name="store">The store.</param>
    /// <param name="blob">The value.</param>
    /// <param name="read">Makes something of it.</param>
    /// <exception cref="DiagnosticException">It is something else (QB4070), or the store failed.</exception>
    public static T ReadJson<T>(this IBlobFiles store, BlobRef blob, Func<JsonObject, T> read)
    {
        try
        {
            return read(CheckedNodes.Parse(store.Read(blob.Digest)).Members());
        }
        catch (MalformedJsonException failure)
        {
            throw new DiagnosticException(Descriptors.StoredValueInvalid.At(null, blob.Digest, failure.Message), failure);
        }
    }

    /// <summary>Opens what <see cref="StoreTensors"/> stored.</summary>
    public static SafeTensorsFile OpenTensors(this IBlobFiles store, BlobRef blob) => SafeTensorsFile.Open(store.Open(blob.Digest));
}
